// Times, durations and steps as Tempo's API writes them: unix seconds, nanoseconds, RFC 3339; Go's durations.

import { parseDuration, parseTime } from "../native/time.ts";

const second = 1_000_000_000n;
const minute = 60n * second;
const hour = 60n * minute;

/**
 * Nanoseconds of a time: up to ten digits are unix seconds, more are nanoseconds, a number with a dot is
 * seconds, anything else RFC 3339. Undefined when it is none of them.
 */
export function parseTempoTime(text: string): bigint | undefined {
  if (/^\d{1,10}$/.test(text)) return BigInt(text) * second;
  const decimal = /^(\d{1,10})\.(\d{0,9})\d*$/.exec(text);
  if (decimal !== null) {
    const [, whole = "0", fraction = ""] = decimal;
    return BigInt(whole) * second + BigInt(fraction.padEnd(9, "0"));
  }
  const time = parseTime(text);
  return time?.kind === "absolute" ? time.nano : undefined;
}

/** Nanoseconds of a step: seconds with or without a fraction, or a duration with units. */
export function parseStep(text: string): bigint | undefined {
  if (!/^\d+(\.\d*)?$|^\.\d+$/.test(text)) return parseDuration(text);
  const nano = Math.round(Number(text) * 1e9);
  return Number.isSafeInteger(nano) ? BigInt(nano) : undefined;
}

/** Nanoseconds of a duration that has a unit, such as `100ms` or `1m30s`. */
export function parseGoDuration(text: string): bigint | undefined {
  return /^\d+$/.test(text) && text !== "0" ? undefined : parseDuration(text);
}

/** The step for a range of that many nanoseconds when none is given: about 240 points at round distances. */
export function defaultStep(widthNano: bigint): bigint {
  const wanted = widthNano / 240n;
  if (widthNano < minute) return atLeast(wanted, 50_000_000n);
  if (wanted < 5n * second) return atLeast(wanted, second);
  if (wanted < 15n * second) return atLeast(wanted, 5n * second);
  if (wanted < minute) return atLeast(wanted, 15n * second);
  if (wanted < 5n * minute) return atLeast(wanted, minute);
  if (wanted < hour) return atLeast(wanted, 5n * minute);
  return atLeast(wanted, hour);
}

function atLeast(wanted: bigint, multiple: bigint): bigint {
  return wanted < multiple ? multiple : wanted - (wanted % multiple);
}

/** A duration as Go prints it: `1h2m3.5s`, `1.5ms`, `0s`. */
export function goDuration(nano: bigint): string {
  if (nano < 0n) return `-${goDuration(-nano)}`;
  if (nano === 0n) return "0s";
  if (nano < 1000n) return `${nano}ns`;
  if (nano < 1_000_000n) return `${inUnits(nano, 1000n)}\u00b5s`;
  if (nano < second) return `${inUnits(nano, 1_000_000n)}ms`;
  const hours = nano / hour;
  const minutes = (nano % hour) / minute;
  const seconds = `${inUnits(nano % minute, second)}s`;
  if (hours > 0n) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${minutes}m${seconds}` : seconds;
}

function inUnits(nano: bigint, unit: bigint): string {
  const fraction = String(nano % unit).padStart(String(unit).length - 1, "0");
  const shown = fraction.replace(/0+$/, "");
  return shown === "" ? String(nano / unit) : `${nano / unit}.${shown}`;
}
