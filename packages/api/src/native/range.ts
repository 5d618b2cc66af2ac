// From the parameters of a question to what the store is asked: the time range, the width of a column.

import { ClewError } from "@clew/base";
import type { SpanFilter, TimeRange } from "@clew/model";
import type { z } from "zod";
import type { filterParameters } from "./parameters.ts";
import { resolveTime, type TimeExpression } from "./time.ts";

const second = 1_000_000_000;
const hourNano = 3600n * 1_000_000_000n;
const dayNano = 86_400 * second;
const mostColumns = 5000;
const usualColumns = 120;

/** Widths that people read easily, up to a day. */
const roundSteps: readonly number[] = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
].map((seconds) => seconds * second);

interface GivenRange {
  readonly start?: TimeExpression | undefined;
  readonly end?: TimeExpression | undefined;
}

/** The range that `start` and `end` mean now. Raises `bad_request` when it is empty or upside down. */
export function timeRange(given: GivenRange, nowNano: bigint): TimeRange {
  const endNano = given.end === undefined ? nowNano : resolveTime(given.end, nowNano);
  const earlier = endNano > hourNano ? endNano - hourNano : 0n;
  const startNano = given.start === undefined ? earlier : resolveTime(given.start, nowNano);
  if (startNano < endNano) return { startNano, endNano };
  throw new ClewError("bad_request", `start (${startNano}) is not before end (${endNano})`, {
    hint: "end is now and start is an hour before end when they are not given; times are in nanoseconds",
  });
}

/** Width of a column in nanoseconds. Raises `bad_request` for more columns than a screen can show. */
export function stepNano(range: TimeRange, given: number | undefined): number {
  const width = Number(range.endNano - range.startNano);
  if (given === undefined) {
    const wanted = width / usualColumns;
    return roundSteps.find((step) => step >= wanted) ?? Math.ceil(wanted / dayNano) * dayNano;
  }
  if (width / given <= mostColumns) return given;
  throw new ClewError(
    "bad_request",
    `parameter step: the range would have more than ${mostColumns} columns`,
    {
      hint: `for this range step is at least ${Math.ceil(width / mostColumns / second)}s`,
    },
  );
}

type GivenFilter = {
  readonly [K in keyof typeof filterParameters]: z.output<(typeof filterParameters)[K]>;
};

/** The store's filter. Raises `bad_request` when no duration can satisfy it. */
export function spanFilter(given: GivenFilter): SpanFilter {
  const { service, operation, kind, status, minDuration, maxDuration, attribute } = given;
  if (minDuration !== undefined && maxDuration !== undefined && minDuration > maxDuration) {
    throw new ClewError("bad_request", "minDuration is longer than maxDuration");
  }
  return {
    ...(service === undefined ? {} : { service }),
    ...(operation === undefined ? {} : { operation }),
    ...(kind === undefined ? {} : { kind }),
    ...(status === undefined ? {} : { status }),
    ...(minDuration === undefined ? {} : { minDurationNano: minDuration }),
    ...(maxDuration === undefined ? {} : { maxDurationNano: maxDuration }),
    attributes: attribute ?? [],
  };
}
