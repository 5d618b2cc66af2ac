// Per-span values that several tables of a segment need: computed once, as columns.

import type { SpanBatch } from "@clew/model";
import { keptDay } from "./kept-day.ts";
import { SegmentMemory } from "./segment-memory.ts";

type Words = Uint32Array<ArrayBuffer>;

/** Days that a tenant's records are kept. */
export type Retention = (tenant: string) => number;

export interface SpanFacts {
  /** Days since 1970; write/kept-day.ts. */
  readonly day: Uint16Array<ArrayBuffer>;
  readonly keepDays: Uint16Array<ArrayBuffer>;
  /** Minutes since 1970 of the start. */
  readonly minute: Words;
  /** Dictionary id of the service name. */
  readonly service: Words;
}

export function spanFacts(
  batch: SpanBatch,
  serviceNames: Words,
  retention: Retention,
  memory: SegmentMemory = new SegmentMemory(),
): SpanFacts {
  const rows = batch.length;
  const service = memory.words(rows);
  for (let row = 0; row < rows; row++) {
    service[row] = serviceNames[batch.resource[row] as number] as number;
  }
  const minute = minutesOf(batch.start, rows, memory);
  return {
    service,
    minute,
    day: daysOf(minute, batch.receivedSeconds, rows, memory),
    keepDays: keepDaysOf(batch.tenant, rows, (id) => retention(batch.strings.text(id)), memory),
  };
}

/** Minutes since 1970 of times in (low, high) words of nanoseconds; exact. */
export function minutesOf(
  times: Words,
  rows: number,
  memory: SegmentMemory = new SegmentMemory(),
): Words {
  const minutes = memory.words(rows);
  for (let row = 0; row < rows; row++) {
    minutes[row] = minuteOf(times[row * 2] as number, times[row * 2 + 1] as number);
  }
  return minutes;
}

const MINUTE_NANO = 60_000_000_000;

function minuteOf(low: number, high: number): number {
  const minutes = (high * 4294967296 + low) / MINUTE_NANO;
  // A double is off by up to 256 ns at today's times: next to a border only whole numbers decide.
  if (Math.abs(minutes - Math.round(minutes)) > 1e-7) return Math.floor(minutes);
  return Number(((BigInt(high) << 32n) | BigInt(low)) / 60_000_000_000n);
}

/** Day under which each record is kept, from the minute of its time. */
export function daysOf(
  minutes: Words,
  receivedSeconds: Words,
  rows: number,
  memory: SegmentMemory = new SegmentMemory(),
): Uint16Array<ArrayBuffer> {
  const days = memory.halves(rows);
  for (let row = 0; row < rows; row++) {
    days[row] = keptDay((minutes[row] as number) * 60, receivedSeconds[row] as number);
  }
  return days;
}

export function keepDaysOf(
  tenants: Words,
  rows: number,
  retention: (tenant: number) => number,
  memory: SegmentMemory = new SegmentMemory(),
): Uint16Array<ArrayBuffer> {
  const days = memory.halves(rows);
  let lastTenant = -1;
  let lastDays = 0;
  for (let row = 0; row < rows; row++) {
    const tenant = tenants[row] as number;
    if (tenant !== lastTenant) {
      lastTenant = tenant;
      lastDays = retention(tenant);
    }
    days[row] = lastDays;
  }
  return days;
}
