import { LogBatch } from "@clew/model";
import { expect, test } from "vitest";
import { spanBatch, spanIdOf, traceIdOf } from "../contract/sample-spans.ts";
import { RollupGroup } from "./rollup-group.ts";
import { SegmentEncoder, type TableBlock } from "./segment-encoder.ts";

const ROLLUPS = [
  "red_1m",
  "red_1h",
  "service_red",
  "edges_1m",
  "attribute_keys",
  "attribute_values",
];
const NOW_MS = 1_773_144_000_000;

/** Encodes `count` spans whose strings, events and numbers follow from `seed`. */
function encode(encoder: SegmentEncoder, count: number, seed: string): TableBlock[] {
  const spans = Array.from({ length: count }, (_, i) => ({
    trace: traceIdOf(i >> 2),
    span: spanIdOf(i),
    start: BigInt(NOW_MS) * 1_000_000n,
    name: `${seed}-${i % 300}`,
    attributes: {
      [`${seed}.text`]: `${seed}${i}`,
      "http.route": `/${seed}/${i % 3}`,
      n: BigInt(i),
    },
  }));
  const rollups = new RollupGroup();
  const batch = spanBatch(spans, NOW_MS / 1000);
  const blocks = encoder.encode(batch, new LogBatch(), NOW_MS, rollups);
  return [...blocks, ...encoder.encodeRollups(rollups, NOW_MS, false)];
}

function newEncoder(): SegmentEncoder {
  return new SegmentEncoder({ retention: () => 14 });
}

/** Bytes by table, of the tables whose rows depend on the segment alone. */
function bytesOf(blocks: readonly TableBlock[]): Record<string, string> {
  const own = ["spans", "trace_index", "red_1m", "red_1h", "service_red"];
  return Object.fromEntries(
    blocks
      .filter((block) => own.includes(block.table))
      .map((block) => [block.table, Buffer.from(block.bytes).toString("base64")]),
  );
}

test("blocks that no one released stay as they are while other segments are encoded", () => {
  const encoder = newEncoder();
  const blocks = encode(encoder, 700, "first");
  const before = bytesOf(blocks);
  encoder.release(encode(encoder, 700, "second"));
  encoder.release(encode(encoder, 900, "third"));
  encoder.encodeRollups(new RollupGroup(), NOW_MS + 1, true);
  expect(bytesOf(blocks)).toEqual(before);
});

test("a segment in the memory of others is what it is in fresh memory", () => {
  const encoder = newEncoder();
  for (const [count, seed] of [
    [900, "large"],
    [10, "small"],
    [900, "other"],
  ] as const) {
    encoder.release(encode(encoder, count, seed));
  }
  for (const [count, seed] of [
    [500, "a"],
    [3, "b"],
    [2000, "c"],
    [500, "d"],
  ] as const) {
    const blocks = encode(encoder, count, seed);
    expect(bytesOf(blocks)).toEqual(bytesOf(encode(newEncoder(), count, seed)));
    encoder.release(blocks);
  }
});

test("the memory of released blocks is used again", () => {
  const encoder = newEncoder();
  const first = encode(encoder, 900, "a").filter((block) => !ROLLUPS.includes(block.table));
  const buffers = new Set(first.map((block) => block.bytes.buffer));
  encoder.release(first);
  const second = encode(encoder, 900, "a").filter((block) => !ROLLUPS.includes(block.table));
  expect(second.every((block) => buffers.has(block.bytes.buffer))).toBe(true);
});
