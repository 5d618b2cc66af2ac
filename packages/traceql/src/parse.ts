// Text to checked syntax tree.

import { ClewError } from "@clew/base";
import type { Query } from "./ast.ts";

/** @throws ClewError `bad_request` with place and hint for text that is not a valid query. */
export function parse(text: string): Query {
  throw new ClewError("unimplemented", `no parser yet for ${text}`);
}
