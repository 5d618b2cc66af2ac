import { parse, type SpansQuery } from "@clew/traceql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../../contract/open-test-store.ts";
import { RANGE } from "../../contract/store-in-hand.ts";
import { openChdbEngine } from "../../engines/chdb.ts";
import { type JsonAttributes, type JsonSpan, storeSpans } from "../sample-store.ts";
import { searchWholeTraces } from "./search-traces.ts";

let store: TestStore;

/** A parent with two events and a child with two events and two links each. */
const spans: readonly JsonSpan[] = [
  {
    trace: "1",
    span: "a",
    name: "parent",
    attributes: { job: 2n },
    events: [event("asked", { job: 1n }), event("asked", { job: 7n, tag: "x" })],
  },
  {
    trace: "1",
    span: "b",
    parent: "a",
    name: "child",
    events: [event("got", { job: 7n, key: 1n }), event("lost", { job: 2n, key: 2n })],
    links: [
      { trace: "1", span: "c", attributes: { job: 9n } },
      { trace: "1", span: "a", attributes: { job: 7n } },
    ],
  },
];

function event(name: string, attributes: JsonAttributes): NonNullable<JsonSpan["events"]>[number] {
  return { name, attributes };
}

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
  await storeSpans(store, "choices", spans);
}, 60_000);
afterAll(() => store.close());

async function found(text: string, tenant = "choices"): Promise<string> {
  const { traces } = await searchWholeTraces(
    store.engine,
    {
      tenant,
      range: RANGE,
      query: parse(text) as SpansQuery,
      sort: "newest",
      limit: 20,
      spansPerSpanset: 20,
    },
    {},
  );
  const all = traces.flatMap(({ spansets }) => spansets.flatMap((set) => set.spans));
  return all.map(({ name }) => name).join(" ");
}

test.each([
  // The second event of either side meets the first of the other.
  ["{ event.job = parent.event.job }", "child"],
  ["{ event.job = parent.span.job }", "child"],
  ["{ event.job > 2 && event.job = parent.event.job }", "child"],
  ['{ event:name = "lost" && event.job = parent.span.job }', "child"],
  ['{ event:name = "got" && event.job = parent.span.job }', ""],
  // With an || each stands for itself.
  ['{ (event:name = "got" || name = "x") && event.job = parent.span.job }', "child"],
  ['{ parent.event.tag = "x" && event.job = parent.event.job }', "child"],
  ["{ parent.event.tag = nil && event.job = parent.event.job }", ""],
  ["{ event.job = link.job && link:spanID = parent.span:id }", "child"],
  ["{ event.job = link.job + 2 && link:spanID = parent.span:id }", ""],
  ["{ event.job + event.key = 1 + parent.event.job + .key }", "child"],
  // Found on events where it has no scope.
  ["{ .job = parent.job }", "child"],
  ["{ .job - 5 = parent.job && .key = 2 }", "child"],
  ["{ .job = root.event.job }", "child"],
  ["{ parent.event.job = nil }", ""],
  ["{ !(parent.event.job = nil) }", "parent child"],
])("%s", async (query, expected) => {
  expect(await found(query)).toBe(expected);
});

test("spans with more events than can be compared with one another end the query", async () => {
  const many = Array.from({ length: 1100 }, (_, i) => event("e", { job: BigInt(i) }));
  await storeSpans(store, "many", [
    { trace: "2", span: "a", events: many },
    { trace: "2", span: "b", parent: "a", events: many },
  ]);
  await expect(found("{ event.job < parent.event.job }", "many")).rejects.toMatchObject({
    code: "limit_exceeded",
  });
});
