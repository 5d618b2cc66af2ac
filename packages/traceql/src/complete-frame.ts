// Where in a half-typed query a place is: the innermost open bracket and what stands in it.

import type { Token } from "./token.ts";

/** What kind of thing is wanted at a place. */
export type Wanted =
  | { readonly what: "operand" | "reference" | "value" | "nothing" }
  | { readonly what: "comparison" | "logic" }
  | { readonly what: "spanset" | "stage" | "afterSpanset" | "afterAggregate" | "afterMetrics" };

/** The innermost open bracket and what stands in it before the cursor. */
export interface Frame {
  /** `{`, `(`, or "" outside of all. */
  readonly bracket: string;
  /** The function whose parentheses they are. */
  readonly call: string;
  readonly inBraces: boolean;
  readonly tokens: readonly Token[];
  /** Index of the bracket among all tokens, -1 outside. */
  readonly open: number;
}

/** The frame that is open after these tokens. */
export function frameOf(before: readonly Token[]): Frame {
  const open: number[] = [];
  const closedAt = new Map<number, number>();
  for (const [i, { kind }] of before.entries()) {
    if (kind === "{" || kind === "(") open.push(i);
    if (kind === "}" || kind === ")") {
      const from = open.pop();
      if (from !== undefined) closedAt.set(from, i);
    }
  }
  const at = open.at(-1) ?? -1;
  const tokens: Token[] = [];
  for (let i = at + 1; i < before.length; i++) {
    tokens.push(before[i] as Token);
    i = closedAt.get(i) ?? i;
    if (before[i] !== tokens.at(-1)) tokens.push(before[i] as Token);
  }
  const caller = before[at - 1];
  const call = before[at]?.kind === "(" && caller?.kind === "word" ? caller.word : "";
  const inBraces = open.some((i) => before[i]?.kind === "{");
  return { bracket: before[at]?.kind ?? "", call, inBraces, tokens, open: at };
}
