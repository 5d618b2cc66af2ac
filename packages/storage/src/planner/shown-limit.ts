// How much one page of a TraceQL search may show: all of it is in memory at once, here and in the API.

import { ClewError } from "@clew/base";

/** Spans of a page, a set of spans counting as one more; the same bound as of whole traces in the APIs. */
export const MAX_SHOWN = 250_000;

export function tooMuchShown(most: number): ClewError {
  return new ClewError("limit_exceeded", `the answer would show more than ${most} spans`, {
    hint: "ask for fewer traces at once, or for fewer spans of each",
  });
}
