import { describe, expect, it } from "vitest";
import { emptyBuilder } from "../../../query/builder-model.ts";
import { printBuilder, printCondition } from "../../../query/builder-print.ts";
import {
  builderOfDraft,
  conditionOfRow,
  type DraftRow,
  draftOf,
  emptyRow,
} from "./builder-draft.ts";

function written(row: Partial<DraftRow>): string | undefined {
  const condition = conditionOfRow({ ...emptyRow, ...row });
  return condition && printCondition(condition);
}

describe("a row of the builder", () => {
  it.each([
    [{ field: "http.route", value: "/pay" }, '.http.route = "/pay"'],
    [{ field: "span.code", value: "500" }, "span.code = 500"],
    [{ field: "span.code", value: "500", type: "string" }, 'span.code = "500"'],
    [{ field: "span.ok", value: "true" }, "span.ok = true"],
    [{ field: "span.code", operator: "=~", value: "5.." }, 'span.code =~ "5.."'],
    [{ field: "duration", operator: ">", value: "1.5s" }, "duration > 1s500ms"],
    [{ field: "duration", operator: ">", value: "250" }, "duration > 250ms"],
    [{ field: "status", value: "error" }, "status = error"],
    [{ field: "name", value: "200" }, 'name = "200"'],
    [{ field: "span.a", operator: "missing" }, "span.a = nil"],
    [{ field: "span.a", value: "", type: "string" }, 'span.a = ""'],
  ] as const)("%j is a condition", (row, text) => expect(written(row)).toBe(text));

  it.each([
    {},
    { field: "span.a" },
    { field: "a b", value: "x" },
    { field: "duration", value: "soon" },
    { field: "status", value: "bad" },
    { field: "kind", value: "robot" },
    { field: "span:childCount", value: "many" },
  ])("%j is unfinished and says nothing", (row) => expect(written(row)).toBeUndefined());
});

it("unfinished rows leave the rest of the query as it is", () => {
  const draft = draftOf({
    ...emptyBuilder,
    spans: [{ field: "status", operator: "=", value: { type: "status", text: "error" } }],
  });
  const edited = { ...draft, spans: [...draft.spans, emptyRow] };
  expect(printBuilder(builderOfDraft(edited))).toBe("{ status = error }");
});
