// A duration in the URL, written the way a person writes it: `250ms`, `1.5s`.

import { parseDuration, printDuration } from "@clew/base";
import type { ParamCodec } from "../router/codec.ts";

/** Nanoseconds, printed in the largest unit that stays exact. */
export const duration: ParamCodec<number> = {
  parse: ([value]) => (value === undefined || value.length > 30 ? undefined : parseDuration(value)),
  print: (value) => [printDuration(value)],
};
