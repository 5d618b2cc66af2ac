import { describe, expect, test } from "vitest";
import { parseDuration, parseTime, resolveTime } from "./time.ts";

const now = 1_800_000_000_000_000_000n;

function moment(text: string): bigint | undefined {
  const time = parseTime(text);
  return time === undefined ? undefined : resolveTime(time, now);
}

describe("a time", () => {
  test.each([
    ["0", 0n],
    ["1767225600123456789", 1_767_225_600_123_456_789n],
    ["2026-01-01T00:00:00Z", 1_767_225_600_000_000_000n],
    ["2026-01-01", 1_767_225_600_000_000_000n],
    ["2026-01-01T00:00", 1_767_225_600_000_000_000n],
    ["2026-01-01T00:00:00.123456789Z", 1_767_225_600_123_456_789n],
    ["2026-01-01T02:00:00.5+02:00", 1_767_225_600_500_000_000n],
    ["2026-01-01T02:00:00.5 02:00", 1_767_225_600_500_000_000n],
    ["2025-12-31T19:30:00-0430", 1_767_225_600_000_000_000n],
    ["now", now],
    ["now-1h", now - 3_600_000_000_000n],
    ["now-1h30m", now - 5_400_000_000_000n],
    ["now-1.5s", now - 1_500_000_000n],
    ["now+5m", now + 300_000_000_000n],
    ["now 5m", now + 300_000_000_000n],
    ["now-9000w", 0n],
  ])("%s means its moment, to the nanosecond", (text, nano) => {
    expect(moment(text)).toBe(nano);
  });

  test.each([
    "",
    "yesterday",
    "now-",
    "now-1",
    "now-1x",
    "now1h",
    "-5",
    "1.5",
    "2026-02-30",
    "2026-13-01",
    "2026-01-01T25:00:00Z",
    "2026-01-01T00:00:00+99:00",
    "1969-12-31T23:59:59Z",
    "2263-01-01",
    "9223372036854775808",
    "12345678901234567890",
  ])("%j is none", (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});

describe("a duration", () => {
  test.each([
    ["0", 0n],
    ["1500", 1500n],
    ["250us", 250_000n],
    ["250\u00b5s", 250_000n],
    ["10ms", 10_000_000n],
    ["1.5s", 1_500_000_000n],
    ["1.1s", 1_100_000_000n],
    ["1m30s", 90_000_000_000n],
    ["2h", 7_200_000_000_000n],
    ["1d", 86_400_000_000_000n],
    ["1.0000000015us", undefined],
    ["0.5ns", 0n],
  ])("%s is %s nanoseconds", (text, nano) => {
    expect(parseDuration(text)).toBe(nano);
  });

  test.each(["", "ms", "1.5", "-1s", "1 s", "1s5", "1e3s", "0x10"])("%j is none", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
