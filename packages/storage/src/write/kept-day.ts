// The day under which a record is kept: partitions and retention go by it. It is the day of the span's
// start when that lies near its arrival, else the day of arrival. So replayed old traces, clocks at zero
// and clocks in the far future are all stored and found, live as long as anything else that arrived
// today, and cannot open more than a few partitions.

const DAY_SECONDS = 86_400;
/** How far a start may lie before arrival and still file under its own day. */
const PAST_DAYS = 2;

/** Days since 1970 (ClickHouse Date); both arguments in seconds since 1970. */
export function keptDay(startSeconds: number, receivedSeconds: number): number {
  const day = Math.floor(startSeconds / DAY_SECONDS);
  const received = Math.floor(receivedSeconds / DAY_SECONDS);
  return day > received || day < received - PAST_DAYS ? received : day;
}
