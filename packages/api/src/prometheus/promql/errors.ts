// Errors of PromQL queries, with the place as Prometheus writes it: line and column, from 1.

import { ClewError } from "@clew/base";

/** An error at offset `at` of `text`. */
export function promqlError(text: string, at: number, problem: string, hint?: string): ClewError {
  const before = text.slice(0, at).split("\n");
  const place = `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  return new ClewError(
    "bad_request",
    `${place}: parse error: ${problem}`,
    hint === undefined ? {} : { hint },
  );
}
