// Blocks as the engine reads them: every column kind is written here and read back there.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ByteDictionary } from "@clew/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openChdbEngine } from "../engines/chdb.ts";
import type { Engine } from "../engines/engine.ts";
import { KIND_TYPE, STATUS_TYPE } from "../schema/column-types.ts";
import { ByteSink } from "./byte-sink.ts";
import { NativeBlock } from "./native-block.ts";

let folder: string;
let engine: Engine;
let tables = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "clew-native-"));
  engine = await openChdbEngine({ path: join(folder, "data") });
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** Inserts a block into a new table of these columns; returns the table's name. */
async function insert(columns: string, bytes: Uint8Array): Promise<string> {
  const table = `t${++tables}`;
  await engine.command(
    `CREATE TABLE ${table} (n UInt32, ${columns}) ENGINE = MergeTree ORDER BY n`,
  );
  const path = join(folder, `${table}.native`);
  writeFileSync(path, bytes);
  await engine.insertNative(table, path, table);
  return table;
}

/** A block of row number `n` and what `write` adds to it. */
function blockOf(
  rows: number,
  columns: number,
  strings: ByteDictionary,
  write: (block: NativeBlock) => void,
): Uint8Array {
  const block = new NativeBlock(strings, 16);
  block.begin(columns + 1, rows);
  block.fixed(
    "n",
    "UInt32",
    Uint32Array.from({ length: rows }, (_, i) => i),
    rows,
  );
  write(block);
  return block.end();
}

function read(table: string, select: string): Promise<unknown[][]> {
  return engine.readRows(`SELECT ${select} FROM (SELECT * FROM ${table} ORDER BY n)`);
}

function dictionaryOf(texts: readonly string[]): { strings: ByteDictionary; ids: Uint32Array } {
  const strings = new ByteDictionary();
  return { strings, ids: Uint32Array.from(texts, (text) => strings.internText(text)) };
}

const HOSTILE = [
  "",
  "\0",
  "a\0b",
  "'; DROP TABLE t; --",
  "\\n\n\r\t\"'`",
  "\u{1f9f5}\u200f\ufeff",
  "x".repeat(127),
  "y".repeat(128),
  "z".repeat(16_383),
  "w".repeat(16_384),
  "v".repeat(100_000),
  "ü".repeat(64),
];

test("strings of every length and content come back exactly", async () => {
  const { strings, ids } = dictionaryOf(HOSTILE);
  const bytes = blockOf(ids.length, 2, strings, (block) => {
    block.strings("plain", ids, ids.length);
    block.lowCardinality("low", ids, ids.length);
  });
  const table = await insert("plain String, low LowCardinality(String)", bytes);
  expect(await read(table, "plain, low")).toEqual(HOSTILE.map((text) => [text, text]));
});

test("bytes that are not UTF-8 come back exactly", async () => {
  const strings = new ByteDictionary();
  const raw = [
    Uint8Array.of(255, 254, 0, 128),
    Uint8Array.of(0xc0),
    Uint8Array.from({ length: 256 }, (_, i) => i),
  ];
  const ids = Uint32Array.from(raw, (bytes) => strings.intern(bytes, 0, bytes.length));
  const table = await insert(
    "s String",
    blockOf(3, 1, strings, (block) => block.strings("s", ids, 3)),
  );
  expect(await read(table, "lower(hex(s))")).toEqual(
    raw.map((bytes) => [Buffer.from(bytes).toString("hex")]),
  );
});

// 256 and 257, 65,536 and 65,537: one below and one above where indexes get wider.
describe.each([1, 2, 255, 256, 257, 65_535, 65_536, 65_537])("%d distinct values", (distinct) => {
  test("a low-cardinality column and a map keyed by one keep each value in its row", async () => {
    const rows = distinct + 3;
    const strings = new ByteDictionary();
    strings.internText("never used");
    const ids = Uint32Array.from({ length: rows }, (_, i) =>
      strings.internText(`v${(i * 7) % distinct}`),
    );
    const offsets = Uint32Array.from({ length: rows + 1 }, (_, i) => i);
    const bytes = blockOf(rows, 2, strings, (block) => {
      block.lowCardinality("low", ids, rows);
      block.header("map", "Map(LowCardinality(String), String)");
      block.lowCardinalityPrefix();
      block.arrayOffsets(offsets, rows);
      block.lowCardinalityData(ids, rows);
      block.stringData(ids, rows);
    });
    const table = await insert(
      "low LowCardinality(String), map Map(LowCardinality(String), String)",
      bytes,
    );
    const wrong = await engine.readRows(
      `SELECT count(), countIf(low != concat('v', toString(n * 7 % ${distinct}))),
       countIf(map[low] != low OR length(map) != 1), uniqExact(low) FROM ${table}`,
    );
    expect(wrong).toEqual([[String(rows), "0", "0", String(new Set(ids).size)]]);
  });
});

test("numbers at their limits come back exactly", async () => {
  const strings = new ByteDictionary();
  const whole = Float64Array.of(0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 62);
  const floats = Float64Array.of(0, -0, 5e-324, 1.5, 2 ** 1023, -2.5);
  const days = Uint16Array.of(0, 1, 20_000, 65_535, 3, 4);
  const words = Uint32Array.from([0, 0, 1, 0, 0xffffffff, 0xffffffff, 0, 0x80000000, 5, 6, 7, 8]);
  const steps = Uint32Array.of(0, 1, 29_000_000, 59, 60, 307_445_734);
  const bytes = blockOf(6, 8, strings, (block) => {
    block.wholeNumbers("u", "UInt64", whole, 6);
    block.wholeNumbers("i", "Int64", whole, 6);
    block.fixed("f", "Float64", floats, 6);
    block.fixed("g", "Float32", Float32Array.from(floats), 6);
    block.fixed("d", "Date", days, 6);
    block.fixed("w", "UInt64", words, 12);
    block.fixed("x", "Int64", words, 12);
    block.seconds("s", steps, 60, 6);
  });
  const table = await insert(
    "u UInt64, i Int64, f Float64, g Float32, d Date, w UInt64, x Int64, s DateTime64(0, 'UTC')",
    bytes,
  );
  const rows = await read(
    table,
    "u, i, reinterpretAsUInt64(f), g = toFloat32(f), toUInt16(d), w, x, reinterpretAsInt64(s)",
  );
  const bits = new BigUint64Array(floats.buffer);
  const wide = new BigUint64Array(words.buffer);
  expect(rows).toEqual(
    Array.from({ length: 6 }, (_, i) => [
      String(BigInt(whole[i] as number)),
      String(BigInt(whole[i] as number)),
      String(bits[i]),
      1,
      days[i],
      String(wide[i]),
      String(BigInt.asIntN(64, wide[i] as bigint)),
      String((steps[i] as number) * 60),
    ]),
  );
});

test("enumerations, fixed strings and booleans come back", async () => {
  const strings = new ByteDictionary();
  const ids = Uint8Array.from({ length: 96 }, (_, i) => i * 3);
  const bytes = blockOf(6, 4, strings, (block) => {
    block.fixed("kind", KIND_TYPE, Uint8Array.of(0, 1, 2, 3, 4, 5), 6);
    block.fixed("status", STATUS_TYPE, Uint8Array.of(0, 1, 2, 0, 1, 2), 6);
    block.fixed("id", "FixedString(16)", ids, 96);
    block.fixed("yes", "Bool", Uint8Array.of(0, 1, 0, 1, 0, 1), 6);
  });
  const table = await insert(
    `kind ${KIND_TYPE}, status ${STATUS_TYPE}, id FixedString(16), yes Bool`,
    bytes,
  );
  const rows = await read(table, "kind, status, lower(hex(id)), yes");
  expect(rows.map((row) => row[0])).toEqual([
    "unspecified",
    "internal",
    "server",
    "client",
    "producer",
    "consumer",
  ]);
  expect(rows.map((row) => row[1])).toEqual(["unset", "ok", "error", "unset", "ok", "error"]);
  expect(rows.map((row) => row[2]).join("")).toBe(Buffer.from(ids).toString("hex"));
  expect(rows.map((row) => row[3])).toEqual([false, true, false, true, false, true]);
});

test("arrays, maps and histograms come back row by row, the empty ones too", async () => {
  const { strings, ids } = dictionaryOf(["a", "b", "", "a", "c"]);
  const offsets = Uint32Array.of(0, 0, 2, 2, 5);
  const bytes = blockOf(4, 5, strings, (block) => {
    block.arrayHeader("texts", "String", offsets, 4);
    block.stringData(ids, 5);
    block.header("low", "Array(LowCardinality(String))");
    block.lowCardinalityPrefix();
    block.arrayOffsets(offsets, 4);
    block.lowCardinalityData(ids, 5);
    block.arrayHeader("numbers", "UInt32", offsets, 4);
    block.sink.column(Uint32Array.of(1, 2, 3, 4, 5), 5);
    block.histogram(
      "hist",
      {
        offsets,
        buckets: Uint16Array.of(0, 1023, 7, 8, 9),
        weights: Float64Array.of(1, 2.5, 3, 4, 5),
      },
      4,
    );
    block.arrayHeader("fixed", "FixedString(2)", offsets, 4);
    block.sink.column(
      Uint8Array.from("aabbccddee", (c) => c.charCodeAt(0)),
      10,
    );
  });
  const table = await insert(
    "texts Array(String), low Array(LowCardinality(String)), numbers Array(UInt32), hist Map(UInt16, Float64), fixed Array(FixedString(2))",
    bytes,
  );
  expect(await read(table, "texts, low, numbers, hist, fixed")).toEqual([
    [[], [], [], {}, []],
    [["a", "b"], ["a", "b"], [1, 2], { 0: 1, 1023: 2.5 }, ["aa", "bb"]],
    [[], [], [], {}, []],
    [["", "a", "c"], ["", "a", "c"], [3, 4, 5], { 7: 3, 8: 4, 9: 5 }, ["cc", "dd", "ee"]],
  ]);
});

test("nested columns without a single element come back empty", async () => {
  const strings = new ByteDictionary();
  const none = new Uint32Array(4);
  const bytes = blockOf(3, 3, strings, (block) => {
    block.header("map", "Map(LowCardinality(String), Int64)");
    block.lowCardinalityPrefix();
    block.arrayOffsets(none, 3);
    block.lowCardinalityData(none, 0);
    block.header("low", "Array(LowCardinality(String))");
    block.lowCardinalityPrefix();
    block.arrayOffsets(none, 3);
    block.lowCardinalityData(none, 0);
    block.arrayHeader("texts", "String", none, 3);
    block.stringData(none, 0);
  });
  const table = await insert(
    "map Map(LowCardinality(String), Int64), low Array(LowCardinality(String)), texts Array(String)",
    bytes,
  );
  expect(await read(table, "map, low, texts")).toEqual([
    [{}, [], []],
    [{}, [], []],
    [{}, [], []],
  ]);
});

test("a block without rows inserts nothing and is no error", async () => {
  const none = new Uint32Array(1);
  const bytes = blockOf(0, 3, new ByteDictionary(), (block) => {
    block.lowCardinality("low", none, 0);
    block.strings("plain", none, 0);
    block.header("map", "Map(LowCardinality(String), Int64)");
    block.lowCardinalityPrefix();
    block.arrayOffsets(none, 0);
    block.lowCardinalityData(none, 0);
  });
  const table = await insert(
    "low LowCardinality(String), plain String, map Map(LowCardinality(String), Int64)",
    bytes,
  );
  expect(await read(table, "count()")).toEqual([["0"]]);
});

test("offsets that do not start at zero write the rows they bound", async () => {
  const { strings, ids } = dictionaryOf(["a", "b", "c", "d"]);
  const bytes = blockOf(2, 1, strings, (block) => {
    block.arrayHeader("texts", "String", Uint32Array.of(1, 2, 4), 2);
    block.stringData(ids.subarray(1), 3);
  });
  const table = await insert("texts Array(String)", bytes);
  expect(await read(table, "texts")).toEqual([[["b"]], [["c", "d"]]]);
});

test("strings added to the dictionary while a block is written are found by its later columns", async () => {
  const strings = new ByteDictionary();
  const first = Uint32Array.of(strings.internText("early"));
  const bytes = blockOf(1, 2, strings, (block) => {
    block.lowCardinality("a", first, 1);
    const late = Array.from({ length: 5000 }, (_, i) => strings.internText(`late ${i}`));
    block.lowCardinality("b", Uint32Array.of(late.at(-1) as number), 1);
  });
  const table = await insert("a LowCardinality(String), b LowCardinality(String)", bytes);
  expect(await read(table, "a, b")).toEqual([["early", "late 4999"]]);
});

test("a block that has not the columns it announced is never handed out", () => {
  const block = new NativeBlock(new ByteDictionary(), 16);
  block.begin(2, 0);
  block.header("a", "UInt8");
  expect(() => block.end()).toThrow("1 columns short");
});

test("a sink grows from nothing and keeps what is in it", () => {
  const sink = new ByteSink(0);
  const expected: number[] = [];
  for (let i = 0; i < 1000; i++) {
    sink.byte(i & 255);
    expected.push(i & 255);
  }
  sink.varint(300);
  sink.varint(2 ** 32 - 1);
  sink.words(0x04030201, 0xffffffff);
  sink.uint64(2 ** 53 - 1);
  expected.push(0xac, 0x02, 255, 255, 255, 255, 15, 1, 2, 3, 4, 255, 255, 255, 255);
  expected.push(255, 255, 255, 255, 255, 255, 31, 0);
  expect([...sink.view()]).toEqual(expected);
  sink.clear();
  expect(sink.view().length).toBe(0);
});
