import { ClewError } from "@clew/base";
import { SpanBatch } from "@clew/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeTracesJson } from "../otlp/decode-traces-json.ts";
import { encodeTraces } from "../otlp/encode-traces.ts";
import { traceRequest } from "../testing/arbitrary-otlp.ts";
import { spansOf } from "../testing/snapshot.ts";
import { decodeColumns } from "./decode-columns.ts";
import { encodeColumns } from "./encode-columns.ts";
import { checksum, SectionWriter } from "./section-writer.ts";

const encoder = new TextEncoder();

function batchOf(request: unknown): SpanBatch {
  const batch = new SpanBatch();
  batch.beginRequest("team", 12);
  decodeTracesJson(encoder.encode(JSON.stringify(request)), batch);
  for (let row = 0; row < batch.length; row++) batch.adjustedCount[row] = row + 0.5;
  return batch;
}

const SAMPLE = {
  resourceSpans: [
    {
      scopeSpans: [
        {
          spans: [
            {
              traceId: "01".repeat(16),
              spanId: "02".repeat(8),
              name: "op",
              attributes: [{ key: "k", value: { stringValue: "v" } }],
              events: [{ name: "e" }],
              links: [{ traceId: "03".repeat(16) }],
            },
          ],
        },
      ],
    },
  ],
};

test("a batch comes back with everything it held", () => {
  fc.assert(
    fc.property(traceRequest, (request) => {
      const batch = batchOf(request);
      expect(spansOf(decodeColumns(encodeColumns(batch)))).toEqual(spansOf(batch));
    }),
    { numRuns: 200 },
  );
});

test("an empty batch is a valid buffer", () => {
  expect(decodeColumns(encodeColumns(new SpanBatch())).length).toBe(0);
});

test("a batch that came back takes more spans", () => {
  const batch = decodeColumns(encodeColumns(batchOf(SAMPLE)));
  for (let i = 0; i < 100; i++) {
    decodeTracesJson(encoder.encode(JSON.stringify(SAMPLE)), batch);
  }
  expect(batch.length).toBe(101);
  const spans = spansOf(batch) as Record<string, unknown>[];
  expect(spans[100]).toMatchObject({ name: "op", adjustedCount: 1 });
  expect(spans[0]).toMatchObject({ name: "op", adjustedCount: 0.5, tenant: "team" });
});

test("a buffer at an odd address is read like any other", () => {
  const bytes = encodeColumns(batchOf(SAMPLE));
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  expect(spansOf(decodeColumns(shifted.subarray(1)))).toEqual(spansOf(batchOf(SAMPLE)));
});

test("the columns of a batch used before hold nothing of its past", () => {
  const batch = batchOf(SAMPLE);
  batch.clear();
  expect(encodeColumns(batch)).toEqual(encodeColumns(new SpanBatch()));
});

test("every prefix is refused", () => {
  const bytes = encodeColumns(batchOf(SAMPLE));
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeColumns(bytes.subarray(0, length))).toThrow(ClewError);
  }
});

test("ids and offsets that lead nowhere are refused even when the checksum fits", () => {
  const good = encodeColumns(batchOf(SAMPLE));
  let refused = 0;
  let accepted = 0;
  for (let at = 16; at < good.length; at += 4) {
    const bytes = good.slice();
    const words = new Uint32Array(bytes.buffer);
    words[at / 4] = 0x7fffffff;
    words[3] = checksum(words);
    try {
      // What is accepted must be safe to use.
      const batch = decodeColumns(bytes);
      spansOf(batch);
      encodeTraces(batch);
      accepted++;
    } catch (error) {
      expect(error).toBeInstanceOf(ClewError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(accepted);
  expect(accepted).toBeGreaterThan(0); // times, ids and texts may be anything
});

test("another format and another version are named", () => {
  const bytes = encodeColumns(new SpanBatch());
  const words = new Uint32Array(bytes.buffer);
  words[1] = 9;
  expect(() => decodeColumns(bytes)).toThrow("version 9 is not known");
  words[0] = 1;
  expect(() => decodeColumns(bytes)).toThrow("not a columns buffer");
});

test("sections that are left over are refused", () => {
  const writer = new SectionWriter();
  for (let i = 0; i < 60; i++) writer.numbers(0, 0, 0, 1, 0, 0);
  expect(() => decodeColumns(writer.finish())).toThrow(ClewError);
});
