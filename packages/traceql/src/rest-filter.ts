// The usable rest of a half-typed filter: its conditions one by one, those that cannot be read left out.

import type { FieldExpression, SpansetFilter } from "./ast.ts";
import { TraceqlError } from "./errors.ts";
import { parse } from "./parse.ts";
import type { Token } from "./token.ts";

interface Part {
  readonly joinedBy: "&&" | "||";
  readonly condition: FieldExpression | undefined;
  readonly start: number;
  readonly end: number;
}

/** The filter of text between braces, read from its `tokens`; undefined when nothing is left that says anything. */
export function readableFilter(text: string, tokens: readonly Token[]): SpansetFilter | undefined {
  const parts = partsOf(text, tokens);
  let whole: FieldExpression | undefined;
  for (const [i, { joinedBy, condition }] of parts.entries()) {
    if (i === 0) whole = condition;
    else if (joinedBy === "&&") whole = both(whole, condition);
    // What is unknown may hold, so a choice with it says nothing.
    else whole = whole && condition && joined("||", whole, condition);
  }
  return whole && { kind: "filter", condition: whole, at: whole.at };
}

/** What the other conditions say about spans for which the condition at `cursor` matters. */
export function filterAround(
  text: string,
  tokens: readonly Token[],
  cursor: number,
): SpansetFilter | undefined {
  const parts = partsOf(text, tokens);
  let current = parts.findLastIndex((part) => part.start <= cursor);
  if (current < 0) current = 0;
  const before = parts[current]?.joinedBy === "&&" ? parts.slice(0, current) : [];
  let whole: FieldExpression | undefined;
  for (const [i, { joinedBy, condition }] of before.entries()) {
    if (i === 0 || joinedBy === "&&") whole = both(whole, condition);
    else whole = whole && condition && joined("||", whole, condition);
  }
  for (const { joinedBy, condition } of parts.slice(current + 1))
    if (joinedBy === "&&") whole = both(whole, condition);
  return whole && { kind: "filter", condition: whole, at: whole.at };
}

/** Conditions at the top level, split at `&&` and `||`. */
function partsOf(text: string, tokens: readonly Token[]): Part[] {
  const parts: Part[] = [];
  let depth = 0;
  let joinedBy: Part["joinedBy"] = "&&";
  let start = tokens[0]?.at.start ?? 0;
  const push = (end: number): void => {
    parts.push({ joinedBy, condition: conditionOf(text.slice(start, end)), start, end });
  };
  for (const token of tokens) {
    if (token.kind === "(") depth++;
    if (token.kind === ")") depth--;
    if (depth > 0 || (token.kind !== "&&" && token.kind !== "||")) continue;
    push(token.at.start);
    joinedBy = token.kind;
    start = token.at.end;
  }
  push(tokens.at(-1)?.at.end ?? 0);
  return parts;
}

function conditionOf(text: string): FieldExpression | undefined {
  if (text.trim() === "") return undefined;
  const filter = soleFilter(`{${text}\n}`);
  return filter?.condition;
}

/** The filter that a whole query begins with, undefined for text that is no query or begins otherwise. */
export function soleFilter(text: string): SpansetFilter | undefined {
  try {
    const query = parse(text);
    if (query.kind === "metrics" && query.expression.kind !== "series") return undefined;
    const pipeline =
      query.kind === "spans"
        ? query.pipeline
        : query.expression.kind === "series"
          ? query.expression.pipeline
          : undefined;
    const first = pipeline?.stages[0];
    return first?.kind === "filter" ? first : undefined;
  } catch (error) {
    if (error instanceof TraceqlError) return undefined;
    throw error;
  }
}

function both(
  left: FieldExpression | undefined,
  right: FieldExpression | undefined,
): FieldExpression | undefined {
  return left && right ? joined("&&", left, right) : (left ?? right);
}

function joined(
  operator: "&&" | "||",
  left: FieldExpression,
  right: FieldExpression,
): FieldExpression {
  const at = { start: left.at.start, end: right.at.end };
  return { kind: "binary", operator, left, right, at };
}
