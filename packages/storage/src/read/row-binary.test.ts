import { expect, test } from "vitest";
import { forEachRow, type RowCursor } from "./row-binary.ts";

// Two rows of (UInt16, String, Array(UInt64), Float64).
const rows = [
  [513, "héllo", [1n, 2n ** 64n - 1n], -0.5],
  [0, "x".repeat(300), [], Number.POSITIVE_INFINITY],
] as const;

function encode(): Uint8Array {
  const parts: Buffer[] = [];
  for (const [number, text, list, double] of rows) {
    const bytes = Buffer.from(text);
    const length =
      bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
    const fixed = Buffer.alloc(2);
    fixed.writeUInt16LE(number);
    const tail = Buffer.alloc(8);
    tail.writeDoubleLE(double);
    const items = list.map((item) => {
      const word = Buffer.alloc(8);
      word.writeBigUInt64LE(item);
      return word;
    });
    parts.push(fixed, Buffer.from(length), bytes, Buffer.from([list.length]), ...items, tail);
  }
  return new Uint8Array(Buffer.concat(parts));
}

function readRow(cursor: RowCursor): unknown[] {
  const number = cursor.uint16();
  const text = cursor.text();
  const list = Array.from({ length: cursor.varint() }, () => cursor.uint64());
  return [number, text, list, cursor.float64()];
}

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test("rows are the same wherever the chunks end, and every incomplete attempt is taken back", async () => {
  const bytes = encode();
  for (let size = 1; size <= bytes.length; size++) {
    const seen: unknown[] = [];
    let attempts = 0;
    let undone = 0;
    await forEachRow(
      chunksOf(bytes, size),
      (cursor) => {
        attempts++;
        seen.push(readRow(cursor));
      },
      () => undone++,
    );
    expect(seen).toEqual(rows);
    expect(attempts - undone).toBe(2);
  }
});

test("a stream that ends inside a row is an error, not a shorter answer", async () => {
  const bytes = encode();
  const cut = chunksOf(bytes.subarray(0, bytes.length - 1), 64);
  await expect(forEachRow(cut, (cursor) => void readRow(cursor))).rejects.toMatchObject({
    code: "internal",
  });
});

test("others have their turn while the rows of one long chunk are read", async () => {
  const count = 2000;
  let read = 0;
  let readAtTurn: number | undefined;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    setImmediate(() => {
      readAtTurn = read;
    });
    yield new Uint8Array(count);
  }
  await forEachRow(chunks(), (cursor) => {
    cursor.uint8();
    read++;
    // A row that takes 50 microseconds: all of them are 100 ms.
    for (const end = performance.now() + 0.05; performance.now() < end; );
  });
  expect(read).toBe(count);
  expect(readAtTurn).toBeGreaterThan(0);
  expect(readAtTurn).toBeLessThan(count);
});
