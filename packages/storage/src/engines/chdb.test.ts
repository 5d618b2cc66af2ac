import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChdbEngine } from "./chdb.ts";
import { sessionCounts } from "./chdb-options.ts";
import type { Engine } from "./engine.ts";

let folder: string;
let engine: Engine;

// Long enough that a test which waits for its end fails by its own time limit.
const ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) != {x:UInt64}";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "clew's ☃ chdb-"));
  engine = await openChdbEngine({ path: folder, readers: 2, maxWaiting: 1 });
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

test("hostile text, arrays and 64-bit numbers come back exactly as they were bound", async () => {
  const text = "'; DROP TABLE t -- \\ \0 \n\t ☃ {x:String} \u{1f409}";
  const rows = await engine.readRows(
    "SELECT {a:String}, {b:Array(String)}, {c:UInt64}, {d:Array(UInt64)}, {e:Int64}, {f:Bool}",
    {
      parameters: {
        a: text,
        b: [text, "", "'"],
        c: 2n ** 64n - 1n,
        d: [0n, 2n ** 63n],
        e: -5,
        f: true,
      },
    },
  );
  expect(rows).toEqual([
    [text, [text, "", "'"], "18446744073709551615", ["0", "9223372036854775808"], "-5", true],
  ]);
});

test("a scan may use every core though the engine has one GiB of memory", async () => {
  // Unless told otherwise the engine takes one thread a GiB of free memory, i.e. one.
  const rows = await engine.readRows(
    `SELECT toUInt64(value) * 4 < {memory:UInt64} FROM system.settings
     WHERE name = 'max_threads_min_free_memory_per_thread'`,
    { parameters: { memory: 1024 ** 3 } },
  );
  expect(rows).toEqual([[1]]);
});

test("a read cannot write", async () => {
  await engine.command("CREATE TABLE IF NOT EXISTS t (a UInt8) ENGINE = MergeTree ORDER BY a");
  await expect(engine.readRows("INSERT INTO t SELECT 1")).rejects.toMatchObject({
    name: "ClewError",
  });
  expect(await engine.readRows("SELECT count() FROM t")).toEqual([["0"]]);
});

test("a query past a limit fails as limit_exceeded, and says which limit and its value", async () => {
  const failsBy = async (sql: string, limits: object, message: string): Promise<void> => {
    await expect(engine.readRows(sql, { parameters: { x: 1 }, limits })).rejects.toMatchObject({
      code: "limit_exceeded",
      message,
      hint: expect.any(String),
    });
  };
  const time = "the query took longer than its time limit of";
  await failsBy(ENDLESS, { timeoutMs: 100 }, `${time} 0.1 s`);
  await failsBy(ENDLESS, { timeoutMs: 100, whole: { timeoutMs: 1500 } }, `${time} 1.5 s`);
  await failsBy(
    "SELECT length(groupArray(number)) FROM numbers(100000000)",
    { maxMemoryBytes: 10 * 1024 * 1024 },
    "the query needs more memory than its limit of 10 MiB",
  );
  const scan = "SELECT count() FROM numbers(1000000) WHERE sipHash64(number) != 1";
  await failsBy(scan, { maxRowsToRead: 10 }, "the query reads more rows than its limit of 10");
  await failsBy(
    scan,
    { maxBytesToRead: 1_500_000 },
    "the query reads more bytes than its limit of 1.4 MiB",
  );
  await failsBy(
    "SELECT number, count() FROM numbers(1000000) GROUP BY number",
    { maxGroups: 1000 },
    "the query makes more groups than its limit of 1000",
  );
});

test("a statement too long or too deep for the engine fails as limit_exceeded", async () => {
  const long = `SELECT ${"1, ".repeat(900_000)} 1`;
  const deep = `SELECT ${"(".repeat(5000)}1${")".repeat(5000)}`;
  for (const sql of [long, deep])
    await expect(engine.readRows(sql)).rejects.toMatchObject({ code: "limit_exceeded" });
  expect(await engine.readRows(`SELECT length('${"x".repeat(1_000_000)}')`)).toEqual([["1000000"]]);
});

test("a pattern that RE2 refuses is the asker's error", async () => {
  await expect(
    engine.readRows("SELECT match('a', {p:String})", { parameters: { p: "((" } }),
  ).rejects.toMatchObject({
    code: "bad_request",
    hint: expect.stringContaining("RE2"),
  });
});

test("aborting a query that has yielded nothing ends it in the engine too", async () => {
  const controller = new AbortController();
  const running = engine.readRows(ENDLESS, { parameters: { x: 1 }, signal: controller.signal });
  const visible = async (): Promise<number> => {
    const rows = await engine.readRows(
      "SELECT count() FROM system.processes WHERE query LIKE '%1000000000000%' AND query NOT LIKE '%processes%'",
    );
    return Number(rows[0]?.[0]);
  };
  while ((await visible()) === 0);
  controller.abort();
  await expect(running).rejects.toMatchObject({ code: "cancelled" });
  expect(await visible()).toBe(0);
});

test("a reader that stops in the middle frees its session", async () => {
  for (let i = 0; i < 5; i++) {
    for await (const chunk of engine.readBinary("SELECT number FROM numbers(100000000000)")) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
  }
  expect(await engine.readRows("SELECT 1")).toEqual([[1]]);
});

test("queries beyond the pool wait in turn, and beyond the queue are refused as overloaded", async () => {
  const controller = new AbortController();
  const busy = [1, 2].map(() =>
    engine.readRows(ENDLESS, { parameters: { x: 1 }, signal: controller.signal }),
  );
  const waits = engine.readRows("SELECT 7");
  await expect(engine.readRows("SELECT 8")).rejects.toMatchObject({
    code: "overloaded",
    retryAfterMs: expect.any(Number),
  });
  const outcomes = Promise.allSettled(busy);
  controller.abort();
  for (const outcome of await outcomes)
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "cancelled" } });
  expect(await waits).toEqual([[7]]);
});

test("sessions never take the whole thread pool, so that a cancel always has a thread", () => {
  for (const poolSize of [4, 5, 8, 12, 64]) {
    const { readers, writers } = sessionCounts({ path: "/x", readers: 40 }, poolSize);
    expect(readers + writers).toBeLessThan(poolSize);
    expect(Math.min(readers, writers)).toBeGreaterThan(0);
  }
  expect(sessionCounts({ path: "/x" }, 16)).toEqual({ readers: 4, writers: 2 });
});

test("parameters of queries that run at once never mix", async () => {
  let wrong = 0;
  const ask = async (value: number): Promise<void> => {
    const rows = await engine.readRows("SELECT {v:UInt64}, sum(number) FROM numbers(10000)", {
      parameters: { v: value },
    });
    if (rows[0]?.[0] !== String(value)) wrong++;
  };
  const caller = async (first: number): Promise<void> => {
    for (let i = 0; i < 100; i++) await ask(first + i);
  };
  await Promise.all([caller(0), caller(1000)]);
  expect(wrong).toBe(0);
});

test("a Native file is matched to the table by column name, whatever the order in the file", async () => {
  await engine.command(`CREATE TABLE n (a LowCardinality(String), b UInt64, kind Enum8('x' = 0, 'y' = 1), m Map(LowCardinality(String), String))
    ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100`);
  const file = join(folder, "block 1.native");
  const into = `INSERT INTO FUNCTION file('${file.replaceAll("'", "\\'")}', 'Native', 'm Map(LowCardinality(String), String), kind UInt8, b UInt64, a LowCardinality(String)')`;
  await engine.command(`${into} SELECT map('k', 'v'), 1, 18446744073709551615, 'first'`);
  await engine.insertNative("n", file, "t-1");
  await engine.insertNative("n", file, "t-1");
  const row = ["first", "18446744073709551615", "y", { k: "v" }];
  expect(await engine.readRows("SELECT * FROM n")).toEqual([row]);
  await engine.insertNative("n", file, "t-2");
  expect(await engine.readRows("SELECT * FROM n")).toEqual([row, row]);
});

test("a Native file of 300,000 rows goes in as one block, once per token", async () => {
  await engine.command(
    "CREATE TABLE wide (a UInt64, s String) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100",
  );
  const file = join(folder, "wide.native");
  await engine.command(
    `INSERT INTO FUNCTION file('${file.replaceAll("'", "\\'")}', 'Native', 'a UInt64, s String') SELECT number, toString(number) FROM numbers(300000) SETTINGS max_block_size = 300000, max_threads = 1`,
  );
  await engine.insertNative("wide", file, "w");
  await engine.insertNative("wide", file, "w");
  expect(await engine.readRows("SELECT count(), uniqExact(_part) FROM wide")).toEqual([
    ["300000", "1"],
  ]);
});

test("a file with a column that the table does not have is refused, not silently cut", async () => {
  const file = join(folder, "extra.native");
  await engine.command(
    `INSERT INTO FUNCTION file('${file.replaceAll("'", "\\'")}', 'Native', 'a UInt64, extra String') SELECT 1, 'x'`,
  );
  await expect(engine.insertNative("wide", file, "extra")).rejects.toMatchObject({
    code: "bad_request",
  });
});

test("a file cut short or absent is bad data, so that nobody retries it for ever", async () => {
  const cut = join(folder, "cut.native");
  const whole = readFileSync(join(folder, "wide.native"));
  writeFileSync(cut, whole.subarray(0, whole.length / 2));
  await expect(engine.insertNative("wide", cut, "cut")).rejects.toMatchObject({
    code: "bad_request",
  });
  await expect(
    engine.insertNative("wide", join(folder, "none.native"), "none"),
  ).rejects.toMatchObject({ code: "bad_request" });
});

test("names, tokens and paths that could carry SQL or a glob are refused before they reach the engine", async () => {
  await expect(engine.insertNative("n; DROP TABLE n", "/a", "t")).rejects.toThrow(
    "not an identifier",
  );
  await expect(engine.insertNative("n", "/a", "t', x = '")).rejects.toThrow(
    "not a deduplication token",
  );
  await expect(engine.insertNative("n", "/a/*.native", "t")).rejects.toMatchObject({
    code: "bad_config",
  });
});
