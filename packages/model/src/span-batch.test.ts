import { expect, test } from "vitest";
import { ValueType } from "./attributes.ts";
import { LogBatch } from "./log-batch.ts";
import { SpanBatch } from "./span-batch.ts";

/** Adds span number `n` with everything a span has. */
function add(batch: SpanBatch, n: number): void {
  const row = batch.beginSpan();
  const key = batch.strings.internText(`k${n % 5}`);
  batch.traceIds.fill(n % 251, row * 16, row * 16 + 16);
  batch.name[row] = batch.strings.internText(`name ${n % 7}`);
  batch.start[row * 2] = n;
  batch.end[row * 2 + 1] = 1;
  batch.adjustedCount[row] = n + 1;
  batch.attributes.push(key, ValueType.Int, n, 0xffffffff);
  for (let i = 0; i < n % 3; i++) {
    const event = batch.beginEvent();
    batch.eventTime[event * 2] = n * 10 + i;
    batch.eventAttributes.push(key, ValueType.Bool, 1, 0);
    batch.commitEvent();
    const link = batch.beginLink();
    batch.linkFlags[link] = n * 10 + i;
    batch.linkAttributes.push(key, ValueType.Double, 0, 0x3ff00000 + i);
    batch.commitLink();
  }
  batch.commitSpan(0, 0);
}

function check(batch: SpanBatch, row: number, n: number): void {
  expect(batch.traceIds[row * 16 + 15]).toBe(n % 251);
  expect(batch.strings.text(batch.name[row] as number)).toBe(`name ${n % 7}`);
  expect([batch.startNano(row), batch.endNano(row)]).toEqual([BigInt(n), 1n << 32n]);
  expect(batch.durationNano(row)).toBe(2 ** 32 - n);
  expect(batch.adjustedCount[row]).toBe(n + 1);
  const at = batch.attributeOffsets[row] as number;
  expect(batch.attributeOffsets[row + 1]).toBe(at + 1);
  expect(batch.attributes.int(at)).toBe(BigInt(n) - (1n << 32n));
  const events = batch.eventOffsets[row] as number;
  const links = batch.linkOffsets[row] as number;
  expect((batch.eventOffsets[row + 1] as number) - events).toBe(n % 3);
  for (let i = 0; i < n % 3; i++) {
    expect(batch.eventTime[(events + i) * 2]).toBe(n * 10 + i);
    expect(batch.linkFlags[links + i]).toBe(n * 10 + i);
    const double = batch.linkAttributes.double(batch.linkAttributeOffsets[links + i] as number);
    expect(double).toBe(
      i === 0 ? 1 : new Float64Array(Uint32Array.of(0, 0x3ff00000 + i).buffer)[0],
    );
  }
}

test("spans keep everything while the columns grow", () => {
  const batch = new SpanBatch();
  for (let n = 0; n < 3000; n++) add(batch, n);
  expect(batch.length).toBe(3000);
  for (let n = 0; n < 3000; n++) check(batch, n, n);
});

test("a truncated batch is as if the later spans had never been there", () => {
  const batch = new SpanBatch();
  for (let n = 0; n < 500; n++) add(batch, n);
  // What an uncommitted span has pushed goes too.
  batch.beginSpan();
  batch.attributes.push(0, ValueType.Empty, 0, 0);
  batch.beginEvent();
  batch.eventAttributes.push(0, ValueType.Empty, 0, 0);
  batch.commitEvent();
  batch.truncate(123);
  expect(batch.attributes.length).toBe(123);
  for (let n = 1000; n < 1300; n++) add(batch, n);
  expect(batch.length).toBe(423);
  for (let row = 0; row < 423; row++) check(batch, row, row < 123 ? row : row + 877);
});

test("a cleared batch starts anew: no string, resource or value of before shows through", () => {
  const batch = new SpanBatch();
  batch.beginRequest("acme", 5);
  for (let n = 0; n < 300; n++) add(batch, n);
  batch.resources.add("r", { droppedAttributes: 1, schemaUrl: 1, entityRefs: 1, serviceName: 1 });
  batch.clear();
  expect([
    batch.length,
    batch.strings.size,
    batch.resources.find("r"),
    batch.resources.length,
  ]).toEqual([0, 1, -1, 0]);
  batch.beginRequest("other", 7);
  const row = batch.beginSpan();
  batch.commitSpan(0, 0);
  expect(batch.startNano(row) + batch.endNano(row)).toBe(0n);
  expect([batch.name[row], batch.flags[row], batch.adjustedCount[row], batch.traceIds[15]]).toEqual(
    [0, 0, 1, 0],
  );
  expect([batch.strings.text(batch.tenant[row] as number), batch.receivedSeconds[row]]).toEqual([
    "other",
    7,
  ]);
  expect([...batch.eventOffsets.subarray(0, 2), ...batch.attributeOffsets.subarray(0, 2)]).toEqual([
    0, 0, 0, 0,
  ]);
});

test("a duration is exact to the nanosecond, and negative when the end lies before the start", () => {
  const batch = new SpanBatch();
  const durationOf = (start: bigint, end: bigint): number => {
    batch.start.set([Number(start & 0xffffffffn), Number(start >> 32n)]);
    batch.end.set([Number(end & 0xffffffffn), Number(end >> 32n)]);
    return batch.durationNano(0);
  };
  const now = 1_790_000_000_123_456_789n;
  expect(durationOf(now, now + 1n)).toBe(1);
  expect(durationOf(now, now - 1n)).toBe(-1);
  expect(durationOf(now, now + 2n ** 53n - 1n)).toBe(2 ** 53 - 1);
  expect(durationOf(0xffffffffn, 0x100000000n)).toBe(1);
});

test("log records are truncated with their bodies and attributes", () => {
  const batch = new LogBatch();
  const addLog = (n: number): void => {
    const row = batch.beginRecord();
    batch.severityNumber[row] = n % 24;
    batch.bodies.push(0, ValueType.Int, n, 0);
    for (let i = 0; i < n % 4; i++) batch.attributes.push(n, ValueType.Int, i, 0);
    batch.commitRecord(0, 0);
  };
  for (let n = 0; n < 400; n++) addLog(n);
  batch.bodies.push(0, ValueType.Empty, 0, 0);
  batch.truncate(101);
  for (let n = 1000; n < 1200; n++) addLog(n);
  for (let row = 0; row < 301; row++) {
    const n = row < 101 ? row : row + 899;
    expect([batch.bodies.int(row), batch.severityNumber[row]]).toEqual([BigInt(n), n % 24]);
    const from = batch.attributeOffsets[row] as number;
    expect((batch.attributeOffsets[row + 1] as number) - from).toBe(n % 4);
    if (n % 4 > 0) expect(batch.attributes.keys[from]).toBe(n);
  }
});
