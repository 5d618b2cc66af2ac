// Absolute times, given as nanoseconds since 1970, in the viewer's own time zone.

function toDate(nano: bigint): Date {
  return new Date(Number(nano / 1_000_000n));
}

/** `14:03:09.123`. */
export function formatClock(nano: bigint): string {
  const date = toDate(nano);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** `Nov 22, 14:03:09.123`, with the year when it is not this one. */
export function formatInstant(nano: bigint): string {
  const date = toDate(nano);
  const sameYear = date.getFullYear() === new Date().getFullYear();
  const day = date.toLocaleDateString("en-US", {
    month: "short",
    day: "numeric",
    ...(sameYear ? {} : { year: "numeric" }),
  });
  return `${day}, ${formatClock(nano)}`;
}

/** `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function formatAgo(nano: bigint, nowMs: number): string {
  const seconds = Math.max(0, (nowMs - Number(nano / 1_000_000n)) / 1000);
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** ISO 8601 with all nine digits of the nanosecond. */
export function formatIsoNano(nano: bigint): string {
  const date = toDate(nano);
  if (Number.isNaN(date.getTime())) return `${nano} ns`;
  return `${date.toISOString().slice(0, 19)}.${String(nano % 1_000_000_000n).padStart(9, "0")}Z`;
}
