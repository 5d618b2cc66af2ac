// Random trace and span ids as lower-case hex. Random bytes are drawn in bulk: a call into the system's
// source for each id would cost more than the rest of a span.

import { randomFillSync } from "node:crypto";

const POOL_BYTES = 4096;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);

const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let next = POOL_BYTES;

function take(bytes: number): string {
  if (next + bytes > POOL_BYTES) {
    randomFillSync(pool);
    next = 0;
  }
  const from = next;
  next += bytes;
  return pool.toString("hex", from, next);
}

/** 52 random bits. */
export function random52(): number {
  if (next + 8 > POOL_BYTES) {
    randomFillSync(pool);
    next = 0;
  }
  const high = pool.readUInt32LE(next) & 0xf_ffff;
  const low = pool.readUInt32LE(next + 4);
  next += 8;
  return high * 2 ** 32 + low;
}

/** A new trace id whose random part (the digits that sampling looks at) is `random`, of 52 bits. */
export function traceIdWith(random: number): string {
  const id = newTraceId();
  return `${id.slice(0, 18)}${random.toString(16).padStart(13, "0")}${id.slice(31)}`;
}

/** A new trace id: 32 hex digits, all random, never all zero. */
export function newTraceId(): string {
  const id = take(16);
  return id === NO_TRACE ? newTraceId() : id;
}

/** A new span id: 16 hex digits, never all zero. */
export function newSpanId(): string {
  const id = take(8);
  return id === NO_SPAN ? newSpanId() : id;
}

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;

/** Whether `id` is 32 lower-case hex digits, not all zero. */
export function isTraceId(id: unknown): id is string {
  return typeof id === "string" && TRACE_ID.test(id);
}

/** Whether `id` is 16 lower-case hex digits, not all zero. */
export function isSpanId(id: unknown): id is string {
  return typeof id === "string" && SPAN_ID.test(id);
}
