import { toHex } from "@clew/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { WireReader } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

fc.configureGlobal({ seed: 20_261_122 });

test("64-bit varints come back in both words", () => {
  fc.assert(
    fc.property(fc.nat({ max: 0xffffffff }), fc.nat({ max: 0xffffffff }), (low, high) => {
      const writer = new WireWriter(1);
      writer.varint64(low, high);
      const reader = new WireReader();
      reader.reset(writer.finish());
      expect(reader.varint(writer.length, "number")).toBe(low);
      expect([reader.low, reader.high, reader.pos]).toEqual([low, high, writer.length]);
    }),
  );
});

test("a nested message of any length gets the shortest length prefix", () => {
  for (const size of [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
    const writer = new WireWriter(1);
    const outer = writer.begin(0x0a);
    writer.raw(new Uint8Array(size).fill(7));
    writer.end(outer);
    writer.varint(1);
    const bytes = writer.finish();
    const reader = new WireReader();
    reader.reset(bytes);
    expect(reader.tag(bytes.length, "test")).toBe(0x0a);
    const stop = reader.block(bytes.length, "test");
    const prefix = size < 128 ? 1 : size < 16_384 ? 2 : size < 2_097_152 ? 3 : 4;
    expect([reader.pos, stop]).toEqual([1 + prefix, 1 + prefix + size]);
    expect(bytes.subarray(reader.pos, stop).every((byte) => byte === 7)).toBe(true);
    expect(bytes[stop]).toBe(1);
  }
});

test("defaults are not written, 64-bit times are little-endian", () => {
  const writer = new WireWriter();
  writer.uintField(0x08, 0);
  writer.fixed64Field(0x11, 0, 0);
  writer.fixed64Field(0x11, 0x04030201, 0x08070605);
  expect(toHex(writer.finish())).toBe("110102030405060708");
});
