import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChdbEngine } from "./chdb.ts";
import type { Engine, ReadOptions } from "./engine.ts";
import { ReadLooks } from "./read-looks.ts";

const ROWS = 3_000_000;
let folder: string;
let engine: Engine;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "clew-looks-"));
  engine = await openChdbEngine({ path: folder, readers: 2 });
  await engine.command("CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a");
  await engine.command(`INSERT INTO t SELECT number FROM numbers(${ROWS})`);
}, 60_000);
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** All that `onRead` was told, and the options that tell it. */
function listener(parameters: ReadOptions["parameters"] = {}) {
  const told: [rows: number, bytes: number][] = [];
  const onRead = (rows: number, bytes: number): void => void told.push([rows, bytes]);
  return { told, options: { parameters, onRead } };
}

async function readAll(sql: string, options: ReadOptions): Promise<number> {
  let bytes = 0;
  for await (const chunk of engine.readBinary(sql, options)) bytes += chunk.length;
  return bytes;
}

test("what an answer's rows were made from is counted once, in either format", async () => {
  const sql = "SELECT a % 7, count() FROM t WHERE a != {x:UInt64} GROUP BY 1";
  const [json, binary] = [listener({ x: 5 }), listener({ x: 5 })];
  expect(await engine.readRows(sql, json.options)).toHaveLength(7);
  expect(await readAll(sql, binary.options)).toBe(7 * 9);
  expect(json.told).toEqual([[ROWS, ROWS * 8]]);
  expect(binary.told).toEqual([[ROWS, ROWS * 8]]);
});

test("a search through everything that finds nothing tells all that it read", async () => {
  const { told, options } = listener({ x: 3 });
  const sql = "SELECT a FROM t WHERE sipHash64(a) = {x:UInt64}";
  expect(await engine.readRows(sql, options)).toEqual([]);
  expect(told).toEqual([[ROWS, ROWS * 8]]);
});

test("a scan that gives no rows in binary tells what was seen of it on its way", async () => {
  const { told, options } = listener();
  // Long enough for looks at 4, 8, 16 and more milliseconds.
  const sql = "SELECT number FROM numbers_mt(50000000) WHERE sipHash64(number) = 1";
  expect(await readAll(sql, options)).toBe(0);
  expect(told).toHaveLength(1);
  expect(told[0]?.[0]).toBeGreaterThan(100_000);
});

test("counts of questions that run at once do not mix", async () => {
  const ask = async (share: number): Promise<void> => {
    const rows = share * 10_000;
    const { told, options } = listener({ rows });
    const sql = "SELECT count() FROM numbers({rows:UInt64}) WHERE sipHash64(number) != 1";
    await engine.readRows(sql, options);
    expect(told).toEqual([[rows, rows * 8]]);
  };
  const caller = async (first: number): Promise<void> => {
    for (let i = 0; i < 20; i++) await ask(first + i);
  };
  await Promise.all([caller(1), caller(101), caller(201), caller(301)]);
});

test("a caller that goes away while its query is looked at ends it, and hears what was seen", async () => {
  const { told, options } = listener();
  const sql = "SELECT number FROM numbers(1000000000000) WHERE sipHash64(number) % 1000 = 0";
  const controller = new AbortController();
  const running = (async () => {
    // The first chunk comes when the first look has ended; the abort finds one of the others, or none.
    for await (const _ of engine.readBinary(sql, { ...options, signal: controller.signal }))
      controller.abort();
  })();
  await expect(running).rejects.toMatchObject({ code: "cancelled" });
  expect(told).toHaveLength(1);
  expect(told[0]?.[0]).toBeGreaterThan(0);
  expect(await engine.readRows("SELECT 1")).toEqual([[1]]);
});

/** A session whose looks end when the test says so, with what it then sees. */
function heldSession() {
  const ends: ((text: string) => void)[] = [];
  const session = {
    queryAsync: () =>
      new Promise<{ text(): string }>((resolve) => {
        ends.push((text) => resolve({ text: () => text }));
      }),
  };
  return { ends, looks: new ReadLooks(session) };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("whoever asks while a look runs shares the next one, which cannot have missed them", async () => {
  const { ends, looks } = heldSession();
  const [a, b, c] = ["a", "b", "c"].map((marker) => {
    const heard = listener();
    return { ...heard, read: looks.follow(marker, heard.options.onRead) };
  }) as [Asker, Asker, Asker];
  const first = a.read.look();
  await turn();
  const others = [b.read.look(), c.read.look()];
  await turn();
  expect(ends).toHaveLength(1);
  ends[0]?.("a\t1\t10\n");
  await first;
  await turn();
  expect(ends).toHaveLength(2);
  ends[1]?.("b\t2\t20\nc\t3\t30\n\t4\t40\n");
  await Promise.all(others);
  for (const { read } of [a, b, c]) read.end();
  expect([a.told, b.told, c.told]).toEqual([[[1, 10]], [[2, 20]], [[3, 30]]]);
});

type Asker = ReturnType<typeof listener> & { readonly read: ReturnType<ReadLooks["follow"]> };

test("a query that ends during a look tells what was seen before, and nothing when that is nothing", async () => {
  const { ends, looks } = heldSession();
  const heard = listener();
  const read = looks.follow("a", heard.options.onRead);
  const looked = read.look();
  await turn();
  read.end();
  ends[0]?.("a\t1\t10\n");
  await looked;
  expect(heard.told).toEqual([]);
});

test("a look that fails fails no query", async () => {
  const looks = new ReadLooks({ queryAsync: () => Promise.reject(new Error("no")) });
  const { told, options } = listener();
  const read = looks.follow("a", options.onRead);
  await read.look();
  read.end();
  expect(told).toEqual([]);
});
