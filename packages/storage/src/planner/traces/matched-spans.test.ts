import { toHex } from "@clew/model";
import { type FieldReference, parse, type SeriesExpression, type SpansQuery } from "@clew/traceql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../../contract/open-test-store.ts";
import { MINUTE, NOON } from "../../contract/store-in-hand.ts";
import { openChdbEngine } from "../../engines/chdb.ts";
import { type JsonSpan, storeSpans } from "../sample-store.ts";
import { readMatchedSpans } from "./matched-spans.ts";

const TRACES = 50;
let store: TestStore;

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
  const spans: JsonSpan[] = [];
  for (let trace = 1; trace <= TRACES; trace++) {
    const common = { trace: trace.toString(16), resource: { "service.name": `s${trace % 3}` } };
    const start = BigInt(trace) * MINUTE;
    spans.push({ ...common, span: "1", name: "p", start, attributes: { n: BigInt(trace) } });
    // The child of every fifth trace comes an hour later.
    const later = trace % 5 === 0 ? 60n * MINUTE : (30n * MINUTE) / 1000n;
    spans.push({
      ...common,
      span: "2",
      parent: "1",
      name: "c",
      start: start + later,
      duration: 7n,
    });
    spans.push({ ...common, span: "3", name: "c", start: start + 5n });
  }
  await storeSpans(store, "metrics", spans);
});

afterAll(async () => {
  await store.close();
});

function fieldsOf(text: string): readonly FieldReference[] {
  const query = parse(`{ } | rate() by(${text})`);
  if (query.kind !== "metrics") throw new Error("not a metrics query");
  const series = query.expression as SeriesExpression;
  return series.function.kind === "range" ? series.function.by : [];
}

async function read(text: string, startMinute: bigint, endMinute: bigint): Promise<string[]> {
  const { pipeline } = parse(text) as SpansQuery;
  const range = { startNano: NOON + startMinute * MINUTE, endNano: NOON + endMinute * MINUTE };
  const fields = fieldsOf("parent.resource.service.name, span:childCount");
  const query = {
    tenant: "metrics",
    range,
    pipeline,
    fields,
    numbers: fieldsOf("parent.n, duration"),
  };
  const found: string[] = [];
  for await (const spans of readMatchedSpans(store.engine, query, {})) {
    for (let row = 0; row < spans.length; row++) {
      const trace = Number.parseInt(toHex(spans.traceIds, row * 16, 16), 16);
      const values = spans.values.map((column) => {
        const value = spans.dictionary[column[row] as number];
        return value === undefined || value.type === "nil" ? "nil" : value.value;
      });
      const numbers = spans.numbers.map((column) => column[row]);
      const minute = ((spans.startNano[row] as bigint) - NOON) / MINUTE;
      found.push(
        [
          trace,
          toHex(spans.spanIds, row * 8 + 7, 1),
          minute,
          spans.durationNano[row],
          ...values.map(String),
          ...numbers,
        ].join(" "),
      );
    }
  }
  return found.sort();
}

test("every span of the result that starts in the range comes once, with the values that were asked for", async () => {
  const children: string[] = [];
  for (let trace = 1; trace <= TRACES; trace++) {
    const minute = trace % 5 === 0 ? trace + 60 : trace;
    children.push(`${trace} 02 ${minute} 7 s${trace % 3} 0 ${trace} 7`);
  }
  const query = '{ name = "p" } > { name = "c" }';
  expect(await read(query, 0n, 200n)).toEqual(children.toSorted());
  const early = children.filter((line) => Number(line.split(" ")[2]) < 50);
  expect(await read(query, 0n, 50n)).toEqual(early.toSorted());
  expect(await read(query, 120n, 200n)).toEqual([]);
});

test("spans of several spansets come once each, and those without a parent have no value of it", async () => {
  const lines = await read(
    '{ name = "c" } | by(name) | count() > 1 | { nestedSetParent < 0 }',
    0n,
    3n,
  );
  expect(lines).toEqual(["1 03 1 1000000 nil 0 NaN 1000000", "2 03 2 1000000 nil 0 NaN 1000000"]);
});
