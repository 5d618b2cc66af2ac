import { sampleBatch } from "@clew/analysis/testing";
import { describe, expect, it } from "vitest";
import { matchSpans } from "./search-match.ts";
import { parseSearch } from "./search-query.ts";

const batch = sampleBatch([
  {
    id: 1,
    start: 0,
    end: 9,
    name: "GET /cart",
    service: "web",
    kind: 2,
    resource: { region: "north" },
    attributes: { "http.response.status_code": 200n, cached: true, share: 0.25 },
  },
  {
    id: 2,
    start: 1,
    end: 5,
    name: "SELECT items",
    service: "cart",
    error: true,
    attributes: { "db.system": "postgresql", "http.response.status_code": 500n },
    events: ["exception"],
  },
  {
    id: 3,
    start: 2,
    end: 3,
    name: "GET /items",
    service: "cart",
    attributes: { note: "two words" },
  },
]);

function found(search: string): number[] | undefined {
  const matches = matchSpans(batch, parseSearch(search));
  return (
    matches && [...matches.keys()].filter((span) => matches[span] === 1).map((span) => span + 1)
  );
}

describe("search in a trace", () => {
  it.each([
    ["cart", [1, 2, 3], "a word in the name or the service"],
    ["get", [1, 3], "case does not matter"],
    ["get cart", [1, 3], "all words must hold"],
    ["get -items", [1], "a minus excludes"],
    ["postgresql", [2], "attribute values"],
    ["db.system", [2], "attribute keys"],
    ["north", [1], "resource attributes"],
    ["exception", [2], "event names"],
    ["500", [2], "integers"],
    ["0.25", [1], "doubles"],
    ["error", [2], "the status by its name"],
    ['"two words"', [3], "phrases"],
    ['"two', [3], "a phrase still being typed"],
    ["http.response.status_code=500", [2], "a key with its value"],
    ["-http.response.status_code=500", [1, 3], "a key with its value, excluded"],
    ["cached=true", [1], "booleans"],
    ["note=words", [3], "a part of a value"],
    ['note="two words"', [3], "a quoted value"],
    ["db.system=", [2], "a key with any value"],
    ["service=cart", [2, 3], "the service"],
    ["kind=server", [1], "the kind"],
    ["status=error", [2], "the status"],
    ["region=north", [1], "a resource attribute by key"],
    ["nothing", [], "no match at all"],
  ])("%s finds %j: %s", (search, spans) => {
    expect(found(search)).toEqual(spans);
  });

  it("is off when nothing is asked", () => {
    expect(found("  ")).toBeUndefined();
  });
});
