// Content codings at their edges: what the receivers' tests cannot reach over a socket in good time.

import zlib from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteBudget } from "./byte-budget.ts";
import { type Coding, decompress } from "./decompress.ts";

const MIB = 1 << 20;

const encoders: [string, Coding, (bytes: Uint8Array) => Buffer][] = [
  ["gzip", "gzip", (bytes) => zlib.gzipSync(bytes)],
  ["zlib", "deflate", (bytes) => zlib.deflateSync(bytes)],
  ["raw deflate", "deflate", (bytes) => zlib.deflateRawSync(bytes)],
  ["zstd", "zstd", (bytes) => zlib.zstdCompressSync(bytes)],
];

function decode(
  body: Uint8Array,
  coding: Coding,
  limit = 64 * MIB,
  budget = new ByteBudget(64 * MIB),
) {
  return decompress(body, coding, limit, budget.lease());
}

describe("decompress", () => {
  for (const [name, coding, encode] of encoders) {
    test(`gives back what ${name} was given, small or large`, async () => {
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 5000 }),
        fc.nat({ max: 600_000 }).map((length) => Buffer.alloc(length, "spans of a trace ")),
        fc.nat({ max: 300_000 }).map((length) => Buffer.alloc(length).map((_, i) => (i * i) >> 3)),
      );
      await fc.assert(
        fc.asyncProperty(bytes, async (original) => {
          const decoded = await decode(encode(original), coding);
          expect(Buffer.compare(decoded, original)).toBe(0);
        }),
        { numRuns: 40 },
      );
    });

    test(`refuses every prefix of a ${name} body`, async () => {
      const whole = encode(Buffer.from("a short body of spans, spans, spans"));
      for (let end = 0; end < whole.length; end++) {
        const prefix = decode(whole.subarray(0, end), coding);
        await expect(prefix).rejects.toMatchObject({ code: "malformed_payload" });
      }
    });

    test(`refuses bytes after the end of a ${name} body`, async () => {
      const body = Buffer.concat([encode(Buffer.from("spans")), Buffer.from("and more")]);
      await expect(decode(body, coding)).rejects.toMatchObject({ code: "malformed_payload" });
    });

    test(`stops ${name} at the limit to the byte`, async () => {
      for (const size of [10, 300_000, 3 * MIB]) {
        const body = encode(Buffer.alloc(size));
        expect(await decode(body, coding, size)).toHaveLength(size);
        const refused = decode(body, coding, size - 1);
        await expect(refused).rejects.toMatchObject({ code: "payload_too_large" });
      }
    });
  }

  test("joins the members of a gzip body and the frames of a zstd body", async () => {
    const gzip = Buffer.concat([zlib.gzipSync("one, "), zlib.gzipSync("two")]);
    expect(String(await decode(gzip, "gzip"))).toBe("one, two");
    const long = Buffer.alloc(200_000).map((_, i) => (i * i) >> 5);
    const zstd = Buffer.concat(
      [long, long, Buffer.from("end")].map((part) => zlib.zstdCompressSync(part)),
    );
    expect(await decode(zstd, "zstd")).toHaveLength(400_003);
  });

  test("refuses a zstd body of very many frames", async () => {
    const frame = zlib.zstdCompressSync("");
    const body = Buffer.concat(Array.from({ length: 5000 }, () => frame));
    await expect(decode(body, "zstd")).rejects.toMatchObject({ code: "malformed_payload" });
  });

  test("refuses a zstd frame that asks for a window of a gibibyte", async () => {
    // Magic number, a frame header with a window of 2^25 or 2^30 bytes, one empty last block.
    const common = Buffer.from("28b52ffd0078010000", "hex");
    expect(await decode(common, "zstd")).toHaveLength(0);
    const greedy = Buffer.from("28b52ffd00a0010000", "hex");
    await expect(decode(greedy, "zstd")).rejects.toMatchObject({ code: "malformed_payload" });
  });

  test("takes its output from the budget and stops when the budget is used up", async () => {
    const budget = new ByteBudget(MIB);
    const lease = budget.lease();
    await decompress(zlib.gzipSync(Buffer.alloc(1000)), "gzip", MIB, lease);
    expect(budget.usedBytes).toBe(1000);
    for (const size of [MIB, 20 * MIB]) {
      const refused = decompress(zlib.gzipSync(Buffer.alloc(size)), "gzip", 64 * MIB, lease);
      await expect(refused).rejects.toMatchObject({ code: "overloaded", retryAfterMs: 1000 });
    }
    lease.release();
    lease.release();
    expect(budget.usedBytes).toBe(0);
  });
});
