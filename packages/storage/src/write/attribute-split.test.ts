import { AttributeColumns, ByteDictionary, ValueType } from "@clew/model";
import { expect, test } from "vitest";
import { pushAttributes, type SampleValue } from "../contract/sample-spans.ts";
import { promotedAttributes } from "../schema/promoted.ts";
import { type MapColumns, type SplitAttributes, splitAttributes } from "./attribute-split.ts";

type Pair = readonly [string, SampleValue];

interface Row {
  readonly promoted: Record<string, string | number>;
  readonly maps: Record<string, [string, unknown][]>;
}

/** Splits one record per list of pairs and reads the result back, row by row. */
function split(records: readonly (readonly Pair[])[], promote = true): Row[] {
  const strings = new ByteDictionary();
  const attributes = new AttributeColumns();
  const offsets = Uint32Array.of(0, ...records.map(() => 0));
  for (const [row, pairs] of records.entries()) {
    for (const [key, value] of pairs) pushAttributes(attributes, strings, { [key]: value });
    offsets[row + 1] = attributes.length;
  }
  const result = splitAttributes(attributes, offsets, records.length, strings, promote);
  return records.map((_, row) => readRow(result, row, strings));
}

function readRow(result: SplitAttributes, row: number, strings: ByteDictionary): Row {
  const promoted: Record<string, string | number> = {};
  for (const [index, { key, type }] of promotedAttributes.entries()) {
    const value = result.promoted[index]?.[row] ?? 0;
    if (value !== 0) promoted[key] = type === "string" ? strings.text(value) : value;
  }
  const { str, int, dbl, bool, other } = result;
  const maps: Record<string, [string, unknown][]> = {};
  const put = (name: string, map: MapColumns, value: (at: number) => unknown): void => {
    const entries: [string, unknown][] = [];
    for (let at = map.offsets[row] as number; at < (map.offsets[row + 1] as number); at++) {
      entries.push([strings.text(map.keys[at] as number), value(at)]);
    }
    if (entries.length > 0) maps[name] = entries;
  };
  const doubles = new Float64Array(dbl.values.slice(0, dbl.values.length & ~1).buffer);
  put("str", str, (at) => strings.text(str.values[at] as number));
  put("int", int, (at) => joined(int.values, at));
  put("dbl", dbl, (at) => doubles[at]);
  put("bool", bool, (at) => bool.values[at] === 1);
  put("other", other, (at) => strings.text(other.values[at] as number));
  return { promoted, maps };
}

function joined(words: Uint32Array, at: number): bigint {
  const high = BigInt(words[at * 2 + 1] as number);
  return BigInt.asIntN(64, (high << 32n) | BigInt(words[at * 2] as number));
}

test("well-known attributes get columns of their own and leave the maps", () => {
  expect(
    split([
      [
        ["http.request.method", "GET"],
        ["http.response.status_code", 503n],
        ["own", "x"],
      ],
      [],
      [["server.port", 65_535n]],
    ]),
  ).toEqual([
    {
      promoted: { "http.request.method": "GET", "http.response.status_code": 503 },
      maps: { str: [["own", "x"]] },
    },
    { promoted: {}, maps: {} },
    { promoted: { "server.port": 65_535 }, maps: {} },
  ]);
});

test("what a column cannot hold stays in the maps as it was sent", () => {
  const records: Pair[][] = [
    [["http.route", ""]],
    [["http.route", 5n]],
    [["http.route", true]],
    [["http.route", undefined]],
    [["server.port", 0n]],
    [["server.port", -1n]],
    [["server.port", 65_536n]],
    [["server.port", 2n ** 32n + 80n]],
    [["server.port", "80"]],
    [["server.port", 80.5]],
  ];
  const rows = split(records);
  expect(rows.map((row) => row.promoted)).toEqual(records.map(() => ({})));
  expect(rows.map((row) => row.maps)).toEqual([
    { str: [["http.route", ""]] },
    { int: [["http.route", 5n]] },
    { bool: [["http.route", true]] },
    { other: [["http.route", "null"]] },
    { int: [["server.port", 0n]] },
    { int: [["server.port", -1n]] },
    { int: [["server.port", 65_536n]] },
    { int: [["server.port", 2n ** 32n + 80n]] },
    { str: [["server.port", "80"]] },
    { dbl: [["server.port", 80.5]] },
  ]);
});

test("a key sent twice keeps both values: the first in its column, the second in the map", () => {
  expect(
    split([
      [
        ["http.route", "/a"],
        ["http.route", "/b"],
        ["http.route", "/a"],
        ["k", 1n],
        ["k", 2n],
      ],
    ]),
  ).toEqual([
    {
      promoted: { "http.route": "/a" },
      maps: {
        str: [
          ["http.route", "/b"],
          ["http.route", "/a"],
        ],
        int: [
          ["k", 1n],
          ["k", 2n],
        ],
      },
    },
  ]);
});

test("a column is filled row by row: what one span has, the next has not", () => {
  const rows = split([[["peer.service", "a"]], [["x", "y"]], [["peer.service", "b"]]]);
  expect(rows.map((row) => row.promoted)).toEqual([
    { "peer.service": "a" },
    {},
    { "peer.service": "b" },
  ]);
});

test("every type goes to its map with its exact value", () => {
  const [row] = split([
    [
      ["least", -(2n ** 63n)],
      ["most", 2n ** 63n - 1n],
      ["odd", 2n ** 53n + 1n],
      ["half", 0.5],
      ["minus zero", -0],
      ["none", Number.NaN],
      ["yes", true],
      ["no", false],
      ["", "no key"],
      ["bytes", Uint8Array.of(0, 255, 1)],
      ["nothing", undefined],
    ],
  ]);
  expect(row?.maps).toEqual({
    int: [
      ["least", -(2n ** 63n)],
      ["most", 2n ** 63n - 1n],
      ["odd", 2n ** 53n + 1n],
    ],
    dbl: [
      ["half", 0.5],
      ["minus zero", -0],
      ["none", Number.NaN],
    ],
    bool: [
      ["yes", true],
      ["no", false],
    ],
    str: [["", "no key"]],
    other: [
      ["bytes", '{"bytes":"AP8B"}'],
      ["nothing", "null"],
    ],
  });
});

test("without promotion, as for resources, everything is in the maps", () => {
  expect(
    split(
      [
        [
          ["http.route", "/a"],
          ["server.port", 80n],
        ],
      ],
      false,
    ),
  ).toEqual([{ promoted: {}, maps: { str: [["http.route", "/a"]], int: [["server.port", 80n]] } }]);
});

test("equal bytes of different types are told apart", () => {
  const strings = new ByteDictionary();
  const attributes = new AttributeColumns();
  // An AnyValue {arrayValue {}} as bytes and as an array: one dictionary id, two values.
  const empty = Uint8Array.of(0x2a, 0);
  const id = strings.intern(empty, 0, 2);
  const key = strings.internText("k");
  attributes.push(key, ValueType.Bytes, id, 0);
  attributes.push(key, ValueType.Array, id, 0);
  attributes.push(key, ValueType.Bytes, id, 0);
  const { other } = splitAttributes(attributes, Uint32Array.of(0, 3), 1, strings, true);
  expect([...other.values.subarray(0, 3)].map((value) => strings.text(value))).toEqual([
    '{"bytes":"KgA="}',
    "[]",
    '{"bytes":"KgA="}',
  ]);
});

test("many attributes of one type, more than the others leave room for, are all kept", () => {
  const pairs: Pair[] = Array.from({ length: 500 }, (_, i) => [`k${i}`, i % 2 === 0]);
  const more: Pair[] = Array.from({ length: 500 }, (_, i) => [`d${i}`, i + 0.5]);
  const [first, second] = split([pairs, more]);
  expect(first?.maps["bool"]).toEqual(pairs);
  expect(second?.maps["dbl"]).toEqual(more);
});
