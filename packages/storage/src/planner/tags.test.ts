import { parse, parseFilter } from "@clew/traceql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../contract/open-test-store.ts";
import { HOSTILE, RANGE } from "../contract/store-in-hand.ts";
import { openChdbEngine } from "../engines/chdb.ts";
import type { TraceqlReader } from "../traceql-reader.ts";
import { openTraceqlReader } from "./open-traceql-reader.ts";
import { storeSpans } from "./sample-store.ts";

const TENANT = "tags";
let store: TestStore;
let reader: TraceqlReader;

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
  reader = openTraceqlReader(store.engine);
  await storeSpans(store, TENANT, [
    {
      trace: "1",
      name: "get",
      kind: 2,
      attributes: { "http.route": "/a", size: 1n, [HOSTILE]: HOSTILE },
      resource: { "service.name": "web", zone: "z1" },
      scope: { name: "lib", version: "1", attributes: { flavour: "x" } },
      events: [
        { name: "retry", attributes: { attempt: 2n } },
        { name: "retry", attributes: { attempt: 3n } },
        { name: "done" },
      ],
    },
    { trace: "1", parent: "1", name: "put", attributes: { "http.route": "/b", ratio: 0.5 } },
    { trace: "2", name: "put", attributes: { "http.route": "/b", size: 2n, ok: true }, status: 2 },
    {
      trace: "3",
      name: "put",
      links: [{ attributes: { why: "batch" } }, { attributes: { why: "again" } }],
    },
  ]);
  await storeSpans(store, "other", [{ attributes: { secret: "s", "http.route": "/secret" } }]);
}, 60_000);
afterAll(() => store.close());

const asked = { tenant: TENANT, range: RANGE, limit: 100 };

async function namesOf(
  scope: "span" | "resource" | "event" | "link" | "instrumentation",
  filter?: string,
) {
  const given = filter === undefined ? undefined : parseFilter(filter);
  const { scopes: lists } = await reader.tagNames({
    ...asked,
    scope,
    ...(given ? { filter: given } : {}),
  });
  return lists.flatMap(({ names }) => names.toSorted());
}

async function valuesOf(text: string, filter?: string, prefix = "") {
  const query = parse(`{ } | select(${text})`);
  const stage = query.kind === "spans" ? query.pipeline.stages[1] : undefined;
  const field = stage?.kind === "select" ? stage.fields[0] : undefined;
  if (field === undefined) throw new Error("no field");
  const search = filter === undefined ? undefined : parse(filter);
  const given = search?.kind === "spans" ? search.pipeline.stages[0] : undefined;
  const filtered =
    given === undefined || !("operand" in given || "condition" in given || "operator" in given);
  const { values } = await reader.tagValues({
    ...asked,
    field,
    prefix,
    ...(filtered ? {} : { filter: given as never }),
  });
  return values.map(({ type, value, count }) => `${type} ${value} ${count}`);
}

describe("names", () => {
  test("of every scope, of this tenant alone", async () => {
    const { scopes: all } = await reader.tagNames(asked);
    expect(all.map(({ scope }) => scope)).toEqual([
      "span",
      "resource",
      "event",
      "link",
      "instrumentation",
      "intrinsic",
    ]);
    expect(await namesOf("span")).toEqual(
      [HOSTILE, "http.route", "ok", "ratio", "size"].toSorted(),
    );
    expect(await namesOf("resource")).toEqual(["service.name", "zone"]);
    expect(await namesOf("event")).toEqual(["attempt"]);
    expect(await namesOf("link")).toEqual(["why"]);
    expect(await namesOf("instrumentation")).toEqual(["flavour"]);
  });

  test("of the spans for which a filter holds", async () => {
    expect(await namesOf("span", "{ status = error }")).toEqual(["http.route", "ok", "size"]);
    expect(await namesOf("resource", '{ name = "get" }')).toEqual(["service.name", "zone"]);
    expect(await namesOf("resource", "{ status = error }")).toEqual(["service.name"]);
    expect(await namesOf("event", "{ status = error }")).toEqual([]);
    expect(await namesOf("instrumentation", '{ name = "get" }')).toEqual(["flavour"]);
  });
});

describe("values", () => {
  test("from the catalogue and the rollups, most frequent first", async () => {
    expect(await valuesOf("span.http.route")).toEqual(["string /b 2", "string /a 1"]);
    expect(await valuesOf(".size")).toEqual(["int 1 1", "int 2 1"]);
    expect(await valuesOf("name")).toEqual(["string put 3", "string get 1"]);
    expect(await valuesOf("resource.service.name")).toEqual(["string shop 3", "string web 1"]);
    expect(await valuesOf("status")).toEqual([
      "keyword unset 0",
      "keyword ok 0",
      "keyword error 0",
    ]);
    expect(await valuesOf("duration")).toEqual([]);
  });

  test("from spans, for what the catalogue does not have", async () => {
    expect(await valuesOf("span.ratio")).toEqual(["float 0.5 1"]);
    expect(await valuesOf("event:name")).toEqual(["string retry 2", "string done 1"]);
    expect(await valuesOf("event:name", "{ .size = 1 }", "d")).toEqual(["string done 1"]);
    expect(await valuesOf("event.attempt")).toEqual(["int 2 1", "int 3 1"]);
    expect(await valuesOf("link.why")).toEqual(["string again 1", "string batch 1"]);
    expect(await valuesOf("instrumentation:name")).toContain("string lib 1");
    expect(await valuesOf("rootName")).toEqual(["string put 2", "string get 1"]);
    expect(await valuesOf("rootServiceName")).toEqual(["string shop 2", "string web 1"]);
  });

  test("of the spans for which a filter holds, with a prefix", async () => {
    expect(await valuesOf("span.http.route", "{ status = error }")).toEqual(["string /b 1"]);
    expect(await valuesOf("name", "{ .size > 0 }")).toEqual(["string get 1", "string put 1"]);
    expect(await valuesOf("name", "{ .size > 0 }", "g")).toEqual(["string get 1"]);
    expect(await valuesOf("status", "{ .size = 2 }")).toEqual(["keyword error 1"]);
    expect(await valuesOf("name", `{ span."'; DROP TABLE spans; --" = "x" }`)).toEqual([]);
  });

  test("of the spans that a filter about traces finds", async () => {
    expect(await valuesOf("name", '{ name = "get" } > { }')).toEqual(["string put 1"]);
  });
});
