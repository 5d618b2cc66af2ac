// The step of a range query that names none: a 240th of the range, rounded down to what reads well on a
// time axis. Tempo's ladder: 1 h -> 15 s, 6 h -> 1 min, 24 h -> 5 min, 7 d -> 40 min, 30 d -> 3 h.

const MS = 1_000_000n;
const SECOND = 1000n * MS;
const MINUTE = 60n * SECOND;
const POINTS = 240n;

/** Steps of this size and more are multiples of it. */
const UNITS = [60n * MINUTE, 5n * MINUTE, MINUTE, 15n * SECOND, 5n * SECOND] as const;

/** Nanoseconds in, nanoseconds out. */
export function defaultStepNano(rangeNano: bigint): bigint {
  const wanted = rangeNano / POINTS;
  if (rangeNano < MINUTE) return multiple(wanted, 50n * MS);
  return multiple(wanted, UNITS.find((unit) => wanted >= unit) ?? SECOND);
}

function multiple(nano: bigint, unit: bigint): bigint {
  const down = nano - (nano % unit);
  return down < unit ? unit : down;
}
