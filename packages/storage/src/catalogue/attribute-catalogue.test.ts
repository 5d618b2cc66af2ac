// The catalogue as the engine gets it.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SpanBatch } from "@clew/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  pushAttributes,
  type SampleSpan,
  spanBatch,
  spanIdOf,
  traceIdOf,
} from "../contract/sample-spans.ts";
import { openChdbEngine } from "../engines/chdb.ts";
import type { Engine } from "../engines/engine.ts";
import { migrate } from "../schema/migrations.ts";
import { contentIds } from "../write/content-ids.ts";
import { spanFacts } from "../write/span-facts.ts";
import { AttributeCatalogue } from "./attribute-catalogue.ts";

const BASE = 1_773_144_000n * 1_000_000_000n;
const HOUR_MS = 3_600_000;
const NOW_MS = 1_773_144_000_000;

let folder: string;
let engine: Engine;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "clew-catalogue-"));
  engine = await openChdbEngine({ path: join(folder, "data") });
  await migrate(engine);
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** `count` spans; `attributes` and `more` say what the i-th has. */
function spansOf(count: number, more: (i: number) => Partial<SampleSpan>): SampleSpan[] {
  return Array.from({ length: count }, (_, i) => ({
    trace: traceIdOf(1),
    span: spanIdOf(i),
    start: BASE,
    ...more(i),
  }));
}

function collect(
  catalogue: AttributeCatalogue,
  spans: readonly SampleSpan[],
  nowMs = NOW_MS,
): void {
  const batch = spanBatch(spans, NOW_MS / 1000);
  const { serviceNames } = contentIds(batch.resources, batch.scopes, batch.strings);
  catalogue.collect(
    batch,
    spanFacts(batch, serviceNames, () => 3650),
    nowMs,
  );
}

type Rows = unknown[][];

/** What the catalogue hands over now, as the engine reads it: keys and values, without the service's own. */
async function written(
  catalogue: AttributeCatalogue,
  nowMs = NOW_MS,
): Promise<{ keys: Rows; values: Rows }> {
  const blocks = catalogue.write(nowMs);
  const result: { keys: Rows; values: Rows } = { keys: [], values: [] };
  if (blocks === undefined) return result;
  for (const name of ["keys", "values"] as const) {
    const table = `attribute_${name}`;
    await engine.command(`TRUNCATE TABLE ${table}`);
    const path = join(folder, `${crypto.randomUUID()}.native`);
    writeFileSync(path, blocks[name]);
    await engine.insertNative(table, path, crypto.randomUUID());
    const value = name === "keys" ? "" : "value, ";
    result[name] = await engine.readRows(
      `SELECT tenant, scope, key, type, ${value} toUInt32(sum(count)) FROM ${table} GROUP BY ALL ORDER BY ALL`,
    );
  }
  return result;
}

test("a small segment is listed whole: every key, type and value with its count", async () => {
  const catalogue = new AttributeCatalogue();
  collect(catalogue, [
    ...spansOf(3, () => ({ attributes: { route: "/a", code: 200n, ok: true, share: 0.5 } })),
    ...spansOf(1, () => ({
      attributes: { route: "/b", code: -1n, ok: false, raw: Uint8Array.of(1) },
    })),
    ...spansOf(1, () => ({
      attributes: { route: 7n, none: undefined, empty: "" },
      tenant: "other",
    })),
  ]);
  const { keys, values } = await written(catalogue);
  expect(keys).toEqual([
    ["default", "span", "code", "int", 4],
    ["default", "span", "ok", "bool", 4],
    ["default", "span", "raw", "other", 1],
    ["default", "span", "route", "string", 4],
    ["default", "span", "share", "double", 3],
    ["default", "resource", "service.name", "string", 4],
    ["other", "span", "empty", "string", 1],
    ["other", "span", "none", "other", 1],
    ["other", "span", "route", "int", 1],
    ["other", "resource", "service.name", "string", 1],
  ]);
  expect(values).toEqual([
    ["default", "span", "code", "int", "-1", 1],
    ["default", "span", "code", "int", "200", 3],
    ["default", "span", "ok", "bool", "false", 1],
    ["default", "span", "ok", "bool", "true", 3],
    ["default", "span", "route", "string", "/a", 3],
    ["default", "span", "route", "string", "/b", 1],
    ["default", "resource", "service.name", "string", "shop", 4],
    ["other", "span", "empty", "string", "", 1],
    ["other", "span", "route", "int", "7", 1],
    ["other", "resource", "service.name", "string", "shop", 1],
  ]);
});

test("keys of which no value is worth suggesting make a catalogue that the engine takes", async () => {
  const catalogue = new AttributeCatalogue();
  const batch = new SpanBatch();
  batch.beginRequest("bare", NOW_MS / 1000);
  batch.beginSpan();
  pushAttributes(batch.attributes, batch.strings, { share: 0.5 });
  const sender = { droppedAttributes: 0, schemaUrl: 0 };
  batch.commitSpan(
    batch.resources.add("r", { ...sender, entityRefs: 0, serviceName: 0 }),
    batch.scopes.add("s", { ...sender, name: 0, version: 0 }),
  );
  const { serviceNames } = contentIds(batch.resources, batch.scopes, batch.strings);
  catalogue.collect(
    batch,
    spanFacts(batch, serviceNames, () => 3650),
    NOW_MS,
  );
  expect(await written(catalogue)).toEqual({
    keys: [["bare", "span", "share", "double", 1]],
    values: [],
  });
});

test("what is handed over is forgotten, and segments in between add up", async () => {
  const catalogue = new AttributeCatalogue();
  const spans = spansOf(2, () => ({ attributes: { a: "x" } }));
  collect(catalogue, spans);
  collect(catalogue, spans);
  expect((await written(catalogue)).values).toContainEqual([
    "default",
    "span",
    "a",
    "string",
    "x",
    4,
  ]);
  expect((await written(catalogue)).values).toEqual([]);
});

test("a value of more than 200 bytes is no suggestion, but its key is known", async () => {
  const catalogue = new AttributeCatalogue();
  collect(
    catalogue,
    spansOf(1, () => ({ attributes: { long: "ü".repeat(101), fits: "ü".repeat(100) } })),
  );
  const { keys, values } = await written(catalogue);
  expect(keys.map((row) => row[2])).toEqual(["fits", "long", "service.name"]);
  expect(values.map((row) => row[2])).toEqual(["fits", "service.name"]);
});

test("a key keeps a thousand values an hour, counts those on, and takes new ones the next hour", async () => {
  const catalogue = new AttributeCatalogue();
  const ids = (from: number): SampleSpan[] =>
    spansOf(1024, (i) => ({ attributes: { id: `v${from + i}` } }));
  collect(catalogue, ids(0));
  const first = await written(catalogue);
  expect(first.values.filter((row) => row[2] === "id").length).toBe(1000);
  expect(first.keys).toContainEqual(["default", "span", "id", "string", 1024]);
  collect(catalogue, ids(0), NOW_MS + HOUR_MS - 1);
  expect((await written(catalogue)).values.filter((row) => row[2] === "id").length).toBe(1000);
  collect(catalogue, ids(5000), NOW_MS + HOUR_MS - 1);
  expect((await written(catalogue)).values.filter((row) => row[2] === "id")).toEqual([]);
  collect(catalogue, ids(5000), NOW_MS + HOUR_MS);
  expect((await written(catalogue)).values.filter((row) => row[2] === "id").length).toBe(1000);
});

test("keys without number are listed up to a cap", async () => {
  const catalogue = new AttributeCatalogue();
  const own = (i: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: 10 }, (_, k) => [`key-${i}-${k}`, "x"]));
  collect(
    catalogue,
    spansOf(1024, (i) => ({ attributes: own(i) })),
  );
  const { keys, values } = await written(catalogue);
  expect(keys.length).toBe(10_000);
  expect(values.length).toBe(10_000);
});

test("many keys with many values each stay below the bound of all together", async () => {
  const catalogue = new AttributeCatalogue();
  for (let part = 0; part < 4; part++) {
    const own = (i: number): Record<string, bigint> =>
      Object.fromEntries(Array.from({ length: 100 }, (_, k) => [`key-${part}-${k}`, BigInt(i)]));
    collect(
      catalogue,
      spansOf(900, (i) => ({ attributes: own(i) })),
    );
  }
  const { keys, values } = await written(catalogue);
  expect(keys.filter((row) => row[1] === "span").length).toBe(400);
  expect(values.length).toBe(250_000);
}, 60_000);

test("of large segments a share is counted for the whole, and a rare key shows up in the end", async () => {
  const catalogue = new AttributeCatalogue();
  const SPANS = 10_000;
  const spans = spansOf(SPANS, (i) => ({
    attributes: i === 2_345 ? { rare: "r" } : { common: "c" },
  }));
  const seen = new Set<unknown>();
  let rounds = 0;
  for (; rounds < 10; rounds++) {
    collect(catalogue, spans);
    const { keys } = await written(catalogue);
    const common = keys.find((row) => row[2] === "common")?.[4] as number;
    expect(Math.abs(common - SPANS)).toBeLessThan(20);
    for (const row of keys) seen.add(row[2]);
  }
  expect(seen).toContain("rare");
}, 60_000);

test("a service with one span among thousands of others is listed at once, with its resource's attributes", async () => {
  const catalogue = new AttributeCatalogue();
  const spans = spansOf(10_000, (i) => (i === 4_321 ? { service: "quiet" } : {}));
  collect(catalogue, spans);
  const { values } = await written(catalogue);
  expect(values).toContainEqual(["default", "resource", "service.name", "string", "quiet", 1]);
});

test("what is new is due at once and then every few seconds, mere counts every minute", () => {
  const catalogue = new AttributeCatalogue();
  const spansWith = (a: string) => spansOf(1, () => ({ attributes: { a } }));
  expect(catalogue.isDue(NOW_MS)).toBe(false);
  collect(catalogue, spansWith("x"));
  expect(catalogue.isDue(NOW_MS)).toBe(true);
  catalogue.write(NOW_MS);
  expect(catalogue.isDue(NOW_MS + 60_000)).toBe(false);
  collect(catalogue, spansWith("x"), NOW_MS + 1);
  expect(catalogue.isDue(NOW_MS + 59_999)).toBe(false);
  expect(catalogue.isDue(NOW_MS + 60_000)).toBe(true);
  collect(catalogue, spansWith("y"), NOW_MS + 2);
  expect(catalogue.isDue(NOW_MS + 4_999)).toBe(false);
  expect(catalogue.isDue(NOW_MS + 5_000)).toBe(true);
});
