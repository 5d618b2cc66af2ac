// A place in the tokens of a query, with the errors that are raised there and the limits that hold everywhere.

import type { Place } from "./ast.ts";
import { TraceqlError } from "./errors.ts";
import { lex } from "./lexer.ts";
import { MAX_DEPTH, MAX_TERMS, MAX_TEXT } from "./limits.ts";
import type { Token } from "./token.ts";

export type TokenKind = Token["kind"];
export type TokenOf<K extends TokenKind> = Token & { readonly kind: K };

export class Cursor {
  readonly text: string;
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;
  #terms = 0;

  constructor(text: string) {
    this.text = text;
    if (text.length > MAX_TEXT) {
      const reason = `the query has ${text.length} characters, more than ${MAX_TEXT}`;
      throw new TraceqlError("", { start: 0, end: 0 }, reason);
    }
    this.#tokens = lex(text).filter((token) => token.kind !== "comment");
  }

  /** The token that is looked at; one that cannot be read is an error here. */
  get token(): Token {
    const token = this.#tokens[this.#index] as Token;
    if (token.kind === "bad") this.fail(token.at, token.reason, { hint: token.hint });
    return token;
  }

  is(kind: TokenKind): boolean {
    return this.token.kind === kind;
  }

  isWord(...words: readonly string[]): boolean {
    const { token } = this;
    return token.kind === "word" && words.includes(token.word);
  }

  /** Whether the token after this one is of `kind`. */
  nextIs(kind: TokenKind): boolean {
    return this.#tokens[this.#index + 1]?.kind === kind;
  }

  /** Takes the token. */
  take(): Token {
    const { token } = this;
    if (token.kind !== "end") this.#index++;
    return token;
  }

  /** Takes the token if it is of `kind`. */
  accept<K extends TokenKind>(kind: K): TokenOf<K> | undefined {
    if (!this.is(kind)) return undefined;
    return this.take() as TokenOf<K>;
  }

  expect<K extends TokenKind>(kind: K, ...alternatives: readonly string[]): TokenOf<K> {
    // The names of kinds are no words for users.
    const isNamed = alternatives.length > 0 && /^[a-z]/.test(kind);
    return this.accept(kind) ?? this.unexpected(isNamed ? alternatives : [...alternatives, kind]);
  }

  /** From `start` to the end of the last taken token. */
  placeFrom(start: number): Place {
    const last = this.#tokens[this.#index - 1];
    return { start, end: Math.max(start, last?.at.end ?? start) };
  }

  /** Runs `parse` one level deeper. */
  nested<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH)
      this.fail(this.token.at, `the query is nested deeper than ${MAX_DEPTH} levels`);
    const result = parse();
    this.#depth--;
    return result;
  }

  /** Counts one operator, stage or list element. */
  countTerm(): void {
    if (++this.#terms > MAX_TERMS)
      this.fail(
        this.token.at,
        `the query has more than ${MAX_TERMS} operators, stages and list elements`,
        { hint: 'many values of one field are one regular expression: .x =~ "a|b|c"' },
      );
  }

  unexpected(expected: readonly string[], hint?: string): never {
    const { token } = this;
    const found = token.kind === "end" ? "the query ends here" : `unexpected ${this.#shown(token)}`;
    return this.fail(token.at, found, { expected, hint });
  }

  fail(
    place: Place,
    reason: string,
    options: { expected?: readonly string[]; hint?: string | undefined } = {},
  ): never {
    throw new TraceqlError(this.text, place, reason, options);
  }

  #shown({ at }: Token): string {
    const shown = this.text.slice(at.start, at.end);
    return shown.length > 40 ? `${shown.slice(0, 40)}…` : shown;
  }
}
