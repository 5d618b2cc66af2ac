// From the steps of a query to the steps of the rollups, which count whole minutes: where each window of
// growth lies, and how wide the bins may be that all windows are made of.

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** An instant query over at least so much takes in the minute that is not over yet. */
const longWindowMs = 5 * minuteMs;

export interface Windows {
  /** Milliseconds since 1970 of the first bin. */
  readonly startMs: number;
  readonly binMs: number;
  readonly bins: number;
  /** Bins of each step: `from` up to but without `to`. */
  readonly spans: readonly { readonly from: number; readonly to: number }[];
  /** Milliseconds that a growth is divided by to be a rate. */
  readonly widthMs: number;
}

/** Windows of `rangeMs`, widened to whole minutes, that end at the last whole minute of each step. */
export function growthWindows(
  times: readonly number[],
  offsetMs: number,
  rangeMs: number,
  nowMs: number,
): Windows {
  const widthMs = Math.max(minuteMs, Math.ceil(rangeMs / minuteMs) * minuteMs);
  const takesUnfinished = times.length === 1 && widthMs >= longWindowMs;
  const spans = times.map((time) => {
    const to = endOf(time - offsetMs, takesUnfinished ? nowMs : Infinity);
    return { from: to - widthMs, to };
  });
  return inBins(spans, widthMs);
}

/** The last minute of a range: what irate looks at. */
export function lastMinute(times: readonly number[], offsetMs: number, nowMs: number): Windows {
  return growthWindows(times, offsetMs, minuteMs, nowMs);
}

/**
 * From the start of the day (UTC) to each step: counters begin anew every day. With `nowMs` a single step takes
 * in the minute that is not over yet.
 */
export function sinceMidnight(
  times: readonly number[],
  offsetMs: number,
  nowMs: number = Infinity,
): Windows {
  const spans = times.map((time) => {
    const to = endOf(time - offsetMs, times.length === 1 ? nowMs : Infinity);
    return { from: Math.floor((to - 1) / dayMs) * dayMs, to };
  });
  return inBins(spans, dayMs);
}

/** The last whole minute before `time`; the minute that is not over yet when `time` is in it. */
function endOf(time: number, nowMs: number): number {
  const isNow = time > nowMs - minuteMs;
  return (isNow ? Math.ceil(time / minuteMs) : Math.floor(time / minuteMs)) * minuteMs;
}

function inBins(
  spans: readonly { readonly from: number; readonly to: number }[],
  widthMs: number,
): Windows {
  const startMs = spans.reduce((least, { from }) => Math.min(least, from), Infinity);
  const endMs = spans.reduce((most, { to }) => Math.max(most, to), -Infinity);
  const binMs = spans.reduce(
    (common, { from, to }) => gcd(gcd(common, from - startMs), to - startMs),
    0,
  );
  return {
    startMs,
    binMs,
    bins: (endMs - startMs) / binMs,
    spans: spans.map(({ from, to }) => ({
      from: (from - startMs) / binMs,
      to: (to - startMs) / binMs,
    })),
    widthMs,
  };
}

function gcd(a: number, b: number): number {
  let [large, small] = [a, b];
  while (small !== 0) [large, small] = [small, large % small];
  return large;
}
