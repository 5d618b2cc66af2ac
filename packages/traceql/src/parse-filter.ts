// The filter of a query that may be half-typed, as askers of tag values send it.

import type { SpansetFilter } from "./ast.ts";
import { lex } from "./lexer.ts";
import { MAX_TEXT } from "./limits.ts";
import { readableFilter, soleFilter } from "./rest-filter.ts";
import type { Token } from "./token.ts";

/**
 * The spans that `text` is about. Of a query with faults, its readable conditions count; a query of several
 * filters or of none gives undefined.
 */
export function parseFilter(text: string): SpansetFilter | undefined {
  if (text.length > MAX_TEXT) return undefined;
  const whole = soleFilter(text);
  if (whole !== undefined) return whole;
  const all = lex(text).filter(({ kind }) => kind !== "comment");
  const open = all.findIndex(({ kind }) => kind === "{");
  if (open < 0 || all.findLastIndex(({ kind }) => kind === "{") !== open) return undefined;
  return readableFilter(text, insideBraces(all, open));
}

/** Tokens after the brace at index `open`, up to the brace that closes it or the end. */
export function insideBraces(tokens: readonly Token[], open: number): readonly Token[] {
  const rest = tokens.slice(open + 1);
  const close = rest.findIndex(({ kind }) => kind === "}" || kind === "end");
  return rest.slice(0, close < 0 ? rest.length : close);
}
