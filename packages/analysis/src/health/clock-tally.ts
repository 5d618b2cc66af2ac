// Clocks of hosts as calls between them show: both halves of a call lie inside one another on one clock, so
// what sticks out is disagreement; the middle of both halves gives the usual estimate (RFC 5905, section 8).

import type { ClockHealth } from "@clew/model";

interface Half {
  readonly host: string;
  readonly start: number;
  readonly duration: number;
}

interface Pair {
  readonly callerHost: string;
  readonly calleeHost: string;
  readonly offsets: number[];
  calls: number;
  certain: number;
  least: number;
  example: string | undefined;
}

/** Calls of a pair of hosts whose offsets are kept for the median. */
const MOST_OFFSETS = 1000;
const MOST_PAIRS = 10_000;

/** Clocks this close, in nanoseconds, do no harm: durations hide it. */
const HARMLESS_NANO = 1e6;

/** Whether the clocks of a pair of hosts disagree for certain, and enough to matter. */
export function clocksDisagree({ offsetNano, certainCalls }: ClockHealth): boolean {
  return certainCalls > 0 && Math.abs(offsetNano) >= HARMLESS_NANO;
}

export class ClockTally {
  readonly #pairs = new Map<string, Pair>();

  /** Both halves of a call between two hosts. */
  add(traceId: string, caller: Half, callee: Half): void {
    const pair = this.#pair(caller.host, callee.host);
    if (pair === undefined) return;
    const before = caller.start - callee.start;
    const after = callee.start + callee.duration - (caller.start + caller.duration);
    pair.calls++;
    if (pair.offsets.length < MOST_OFFSETS) pair.offsets.push((after - before) / 2);
    // A server half longer than its client's says that the caller gave up, nothing about clocks.
    const sticksOut = callee.duration <= caller.duration ? Math.max(before, after) : 0;
    if (sticksOut <= 0) return;
    pair.certain++;
    pair.least = Math.max(pair.least, sticksOut);
    pair.example ??= traceId;
  }

  /** Largest disagreement first. */
  report(): readonly ClockHealth[] {
    const pairs = [...this.#pairs.values()].map(
      ({ callerHost, calleeHost, calls, offsets, certain, least, example }) => ({
        callerHost,
        calleeHost,
        calls,
        offsetNano: median(offsets),
        certainCalls: certain,
        leastNano: least,
        ...(example === undefined ? {} : { exampleTraceId: example }),
      }),
    );
    return pairs.sort(
      (a, b) => Math.abs(b.offsetNano) - Math.abs(a.offsetNano) || b.calls - a.calls,
    );
  }

  #pair(callerHost: string, calleeHost: string): Pair | undefined {
    const key = `${callerHost}\u0000${calleeHost}`;
    let pair = this.#pairs.get(key);
    if (pair !== undefined) return pair;
    if (this.#pairs.size >= MOST_PAIRS) return undefined;
    pair = {
      callerHost,
      calleeHost,
      offsets: [],
      calls: 0,
      certain: 0,
      least: 0,
      example: undefined,
    };
    this.#pairs.set(key, pair);
    return pair;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? high) + high) / 2;
}
