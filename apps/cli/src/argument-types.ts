// Values of command-line options. A value that does not fit is a commander InvalidArgumentError, which
// becomes one line naming the option.

import { InvalidArgumentError, Option } from "commander";

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** "250ms", "60s", "1.5h", "7d" in milliseconds. */
export function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unit = UNITS[match?.[2] ?? ""];
  if (match === null || unit === undefined) {
    throw new InvalidArgumentError("Use a number with a unit, such as 500ms, 60s, 5m, 24h or 7d.");
  }
  return Number(match[1]) * unit;
}

/** An option whose value is a duration; `shown` is its default, as `--help` prints it. */
export function durationOption(flags: string, description: string, shown: string): Option {
  return new Option(flags, description).argParser(duration).default(duration(shown), shown);
}

/** A parser of whole numbers from `low` to `high`; k and M may follow the digits. */
export function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const match = /^(\d[\d_]*(?:\.\d+)?)([kM]?)$/.exec(text);
    const scale = match?.[2] === "M" ? 1e6 : match?.[2] === "k" ? 1000 : 1;
    const value = Number((match?.[1] ?? "x").replaceAll("_", "")) * scale;
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`Use a whole number from ${low} to ${high}.`);
  };
}

/** A number from 0 to 1. */
export function share(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError("Use a number from 0 to 1.");
}

/** An RFC 3339 time, or "-24h" for that long ago, as nanoseconds since 1970. */
export function instant(text: string, nowMs: number = Date.now()): bigint {
  const ms = text.startsWith("-") ? nowMs - duration(text.slice(1)) : Date.parse(text);
  if (ms >= 0) return BigInt(Math.floor(ms)) * 1_000_000n;
  throw new InvalidArgumentError("Use a time such as 2026-05-01T12:00:00Z, or -24h for a day ago.");
}
