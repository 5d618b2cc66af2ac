// Durations for people. Input is nanoseconds; three significant digits, the unit that keeps the
// number short.

const units: readonly (readonly [number, string])[] = [
  [86_400e9, "d"],
  [3_600e9, "h"],
  [60e9, "m"],
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
  [1, "ns"],
];

/** `1.23 ms`, `45.6 s`, `2m 5s`, `3h 12m`; 0 is `0`. */
export function formatDuration(nano: number): string {
  if (!Number.isFinite(nano)) return "–";
  if (nano === 0) return "0";
  if (nano < 0) return `−${formatDuration(-nano)}`;
  if (nano >= 60e9) return formatLong(nano);
  for (const [size, unit] of units.slice(3)) {
    // 999.95 µs would round to "1000 µs": the next unit takes over from where rounding would.
    if (nano >= size * 0.9995 || unit === "ns") return `${significant(nano / size)} ${unit}`;
  }
  return "0";
}

function formatLong(nano: number): string {
  const seconds = Math.round(nano / 1e9);
  const pairs: readonly (readonly [number, string, number, string])[] = [
    [86_400, "d", 3600, "h"],
    [3600, "h", 60, "m"],
    [60, "m", 1, "s"],
  ];
  for (const [big, bigUnit, small, smallUnit] of pairs) {
    if (seconds < big) continue;
    const rest = Math.floor((seconds % big) / small);
    return rest === 0
      ? `${Math.floor(seconds / big)}${bigUnit}`
      : `${Math.floor(seconds / big)}${bigUnit} ${rest}${smallUnit}`;
  }
  return `${seconds}s`;
}

function significant(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  if (value >= 9.995) return trimZeros(value.toFixed(1));
  return trimZeros(value.toFixed(2));
}

function trimZeros(text: string): string {
  return text.replace(/\.?0+$/, "");
}

/** Reads `250ms`, `1.5s`, `10µs`, `2m`, or a bare number of milliseconds; nanoseconds, or undefined. */
export function parseDuration(source: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ns|us|µs|μs|ms|s|m|h|d)?\s*$/i.exec(source);
  if (match === null) return undefined;
  const word = (match[2] ?? "ms").toLowerCase().replace("us", "µs").replace("μs", "µs");
  const unit = units.find(([, name]) => name === word);
  const nano = Number(match[1]) * (unit?.[0] ?? 1e6);
  return Number.isSafeInteger(Math.round(nano)) ? Math.round(nano) : undefined;
}

/** The shortest text that {@link parseDuration} reads back exactly. */
export function printDuration(nano: number): string {
  for (const [size, unit] of units) {
    const value = nano / size;
    if (value >= 1 && Number(value.toFixed(3)) * size === nano)
      return `${Number(value.toFixed(3))}${unit === "µs" ? "us" : unit}`;
  }
  return `${nano}ns`;
}
