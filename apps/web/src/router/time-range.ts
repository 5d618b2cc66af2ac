// The time range in the URL: `from` and `to`, each `now`, `now-<number><s|m|h|d|w>`, nanoseconds
// since 1970, or an ISO 8601 instant.

import type { ParamCodec } from "./codec.ts";

/** A range with both ends fixed, nanoseconds since 1970. */
export interface ResolvedRange {
  readonly startNano: bigint;
  readonly endNano: bigint;
}

export interface TimeRangePreset {
  readonly from: string;
  readonly label: string;
}

export const defaultFrom = "now-15m";
export const defaultTo = "now";

export const timeRangePresets: readonly TimeRangePreset[] = [
  { from: "now-15m", label: "Last 15 minutes" },
  { from: "now-1h", label: "Last hour" },
  { from: "now-3h", label: "Last 3 hours" },
  { from: "now-24h", label: "Last 24 hours" },
  { from: "now-7d", label: "Last 7 days" },
];

const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Nanoseconds since 1970 that `instant` means when the clock says `nowMs`; undefined when unreadable. */
export function resolveInstant(instant: string, nowMs: number): bigint | undefined {
  if (instant === "now") return BigInt(nowMs) * 1_000_000n;
  const relative = /^now-(\d{1,6})([smhdw])$/.exec(instant);
  if (relative !== null) {
    const back = Number(relative[1]) * (unitMs[relative[2] as string] as number);
    return BigInt(Math.max(0, nowMs - back)) * 1_000_000n;
  }
  if (/^\d{1,19}$/.test(instant)) return BigInt(instant);
  if (!/^\d{4}-\d{2}-\d{2}/.test(instant)) return undefined;
  const ms = Date.parse(instant);
  return Number.isNaN(ms) || ms < 0 ? undefined : BigInt(ms) * 1_000_000n;
}

/** An end of the range as its text in the URL; texts that mean no instant are dropped. */
export const instant: ParamCodec<string> = {
  parse: ([value]) =>
    value !== undefined && value.length <= 40 && resolveInstant(value, 0) !== undefined
      ? value
      : undefined,
  print: (value) => [value],
};

/** Fixes both ends; a range that is empty or runs backwards becomes the default one. */
export function resolveRange(
  from: string | undefined,
  to: string | undefined,
  nowMs: number,
): ResolvedRange {
  const startNano = resolveInstant(from ?? defaultFrom, nowMs);
  const endNano = resolveInstant(to ?? defaultTo, nowMs);
  if (startNano !== undefined && endNano !== undefined && startNano < endNano)
    return { startNano, endNano };
  return {
    startNano: resolveInstant(defaultFrom, nowMs) as bigint,
    endNano: resolveInstant(defaultTo, nowMs) as bigint,
  };
}

/** True when the range moves with the clock, so that refreshing it makes sense. */
export function isLive(to: string | undefined): boolean {
  return (to ?? defaultTo).startsWith("now");
}

/** Short words for the range: a preset's label, or both ends in local time. */
export function describeRange(
  from: string | undefined,
  to: string | undefined,
  nowMs: number,
): string {
  if (isLive(to) && (to ?? defaultTo) === "now") {
    const preset = timeRangePresets.find((entry) => entry.from === (from ?? defaultFrom));
    if (preset !== undefined) return preset.label;
    if (from?.startsWith("now-") === true) return `Last ${from.slice(4)}`;
  }
  const range = resolveRange(from, to, nowMs);
  return `${shortInstant(range.startNano)} – ${shortInstant(range.endNano)}`;
}

function shortInstant(nano: bigint): string {
  const date = new Date(Number(nano / 1_000_000n));
  return date.toLocaleString(undefined, {
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
  });
}

/** Step that gives about `points` columns over the range: a round number of seconds, in nanoseconds. */
export function stepFor(range: ResolvedRange, points: number): number {
  const seconds = Number((range.endNano - range.startNano) / 1_000_000_000n) / points;
  const steps = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400,
  ];
  return (steps.find((step) => step >= seconds) ?? 604_800) * 1e9;
}
