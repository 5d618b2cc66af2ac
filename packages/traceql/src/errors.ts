// What is wrong with a query, and where: the message names line and column and shows the line with a caret.

import { ClewError } from "@clew/base";
import type { Place } from "./ast.ts";

/** A `bad_request` about the text of a query. */
export class TraceqlError extends ClewError {
  /** The characters that are at fault; empty at the end of the text. */
  readonly place: Place;
  /** Both from 1; columns count characters. */
  readonly line: number;
  readonly column: number;
  /** The fault alone, without line, column and the excerpt. */
  readonly reason: string;
  /** What could have stood there instead; empty when the form is right and the meaning is not. */
  readonly expected: readonly string[];

  constructor(
    text: string,
    place: Place,
    reason: string,
    options: { expected?: readonly string[]; hint?: string | undefined } = {},
  ) {
    const { line, column, excerpt } = locate(text, place);
    const { expected = [], hint } = options;
    const wanted = expected.length === 0 ? "" : `; expected ${listed(expected.map(quoteSymbol))}`;
    super(
      "bad_request",
      `${line}:${column}: ${reason}${wanted}\n${excerpt}`,
      hint === undefined ? {} : { hint },
    );
    this.name = "TraceqlError";
    this.place = place;
    this.line = line;
    this.column = column;
    this.reason = reason;
    this.expected = expected;
  }
}

/** `a`, `a or b`, `a, b or c`. */
function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function quoteSymbol(expected: string): string {
  return /[\w\s]/.test(expected) ? expected : `"${expected}"`;
}

/** Characters shown on each side of the fault, so that a long query stays readable. */
const SHOWN = 60;
const MAX_CARETS = 40;

function locate(text: string, place: Place): { line: number; column: number; excerpt: string } {
  const start = Math.min(place.start, text.length);
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const newline = text.indexOf("\n", start);
  const lineEnd = newline < 0 ? text.length : newline;
  const from = Math.max(lineStart, start - SHOWN);
  const to = Math.min(lineEnd, start + SHOWN);
  const before = `${from > lineStart ? "…" : ""}${text.slice(from, start)}`;
  const shown = `${before}${text.slice(start, to)}${to < lineEnd ? "…" : ""}`.replace(
    /[\t\r]/g,
    " ",
  );
  const width = characters(text.slice(start, Math.min(place.end, to)));
  const carets = "^".repeat(Math.min(Math.max(width, 1), MAX_CARETS));
  return {
    line: text.slice(0, lineStart).split("\n").length,
    column: characters(text.slice(lineStart, start)) + 1,
    excerpt: `${shown}\n${" ".repeat(characters(before))}${carets}`,
  };
}

function characters(text: string): number {
  return Array.from(text).length;
}
