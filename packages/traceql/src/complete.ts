// What may come at a place of a half-typed query: fixed words, names of attributes, values of a field, and the
// rest of the filter, which narrows what is worth offering.

import type {
  AttributeScope,
  ComparisonOperator,
  FieldReference,
  Owner,
  Place,
  SpansetFilter,
} from "./ast.ts";
import { type Frame, frameOf, type Wanted } from "./complete-frame.ts";
import { type CompletionWord, wordsFor } from "./complete-words.ts";
import { Cursor } from "./cursor.ts";
import { TraceqlError } from "./errors.ts";
import { lex } from "./lexer.ts";
import { MAX_TEXT } from "./limits.ts";
import { insideBraces, parseFilter } from "./parse-filter.ts";
import { parseReference } from "./parse-reference.ts";
import { filterAround } from "./rest-filter.ts";
import type { Token } from "./token.ts";

export interface Completion {
  /** What a chosen suggestion replaces. */
  readonly replace: Place;
  /** What of it stands before the cursor; of a value without its opening quote. */
  readonly prefix: string;
  /** Words of the language that begin with the prefix. */
  readonly words: readonly CompletionWord[];
  /** Set where the name of an attribute may stand; its suggestions are whole references such as `span.http.route`. */
  readonly attribute?: {
    readonly owner: Owner;
    readonly scope: AttributeScope;
    readonly prefix: string;
  };
  /** Set where a value of a field may stand. */
  readonly value?: { readonly field: FieldReference; readonly operator: ComparisonOperator };
  /** What the rest of the query says about the spans that matter here. */
  readonly filter?: SpansetFilter;
}

/** Completion at UTF-16 offset `cursor`. Never throws. */
export function complete(text: string, cursor: number): Completion {
  const place = { start: cursor, end: cursor };
  if (text.length > MAX_TEXT) return { replace: place, prefix: "", words: [] };
  const all = lex(text).filter(({ kind }) => kind !== "end");
  const current = all.find((token) => token.at.start < cursor && isTyped(token, cursor));
  if (current?.kind === "comment") return { replace: place, prefix: "", words: [] };
  const tokens = all.filter(({ kind }) => kind !== "comment");
  const before = tokens.filter((token) => token !== current && token.at.end <= cursor);
  const frame = frameOf(before);
  const wanted = wantedIn(frame);
  const typed = typedPart(text, current, cursor);
  const filter = filterFor(text, tokens, frame, cursor);
  const base = {
    ...typed,
    words: wordsFor(wanted, frame, typed.prefix),
    ...(filter && { filter }),
  };
  if (wanted.what === "operand" || wanted.what === "reference")
    return { ...base, attribute: attributeAt(current, typed.prefix) };
  if (wanted.what !== "value") return base;
  const value = valueAt(text, frame);
  return value === undefined ? base : { ...base, value };
}

/** Whether the cursor is inside of a token, or right after one that could go on. */
function isTyped(token: Token, cursor: number): boolean {
  const { end } = token.at;
  if (cursor < end) return true;
  const goesOn = ["word", "attribute", "intrinsic", "int", "float", "duration", "bad", "comment"];
  return cursor === end && goesOn.includes(token.kind);
}

function typedPart(
  text: string,
  token: Token | undefined,
  cursor: number,
): { replace: Place; prefix: string } {
  if (token === undefined) return { replace: { start: cursor, end: cursor }, prefix: "" };
  const { start, end } = token.at;
  const isText = text[start] === '"' || text[start] === "`";
  // A string without its end would swallow everything after the cursor.
  const stop = isText && token.kind === "bad" ? cursor : end;
  const prefix = text.slice(isText ? start + 1 : start, cursor);
  return { replace: { start, end: stop }, prefix };
}

const comparisons: readonly string[] = ["=", "!=", "<", "<=", ">", ">=", "=~", "!~"];

function wantedIn(frame: Frame): Wanted {
  const fieldCalls = ["min", "max", "avg", "sum", "by"];
  if (frame.inBraces || fieldCalls.includes(frame.call)) return wantedInField(frame);
  if (frame.call === "select" || frame.call.endsWith("_over_time")) {
    const last = frame.tokens.at(-1);
    const first = frame.tokens.length === 0;
    if (first || (last?.kind === "," && !frame.call.startsWith("quantile")))
      return { what: "reference" };
    return { what: "nothing" };
  }
  if (frame.call === "compare") return { what: frame.tokens.length === 0 ? "spanset" : "nothing" };
  if (frame.call !== "") return { what: "nothing" };
  return wantedOutside(frame);
}

function wantedInField({ tokens, call }: Frame): Wanted {
  const last = tokens.at(-1);
  if (last === undefined || last.kind === ",")
    return { what: call === "by" ? "reference" : "operand" };
  if (comparisons.includes(last.kind)) return { what: "value" };
  const isOperator = ["&&", "||", "!", "+", "-", "*", "/", "%", "^", "("].includes(last.kind);
  if (isOperator) return { what: "operand" };
  const since = tokens.findLastIndex(({ kind }) => kind === "&&" || kind === "||");
  const compared = tokens.slice(since + 1).some(({ kind }) => comparisons.includes(kind));
  return { what: compared || last.kind === ")" ? "logic" : "comparison" };
}

function wantedOutside({ tokens }: Frame): Wanted {
  const last = tokens.at(-1);
  if (last === undefined || last.kind === "(") return { what: "spanset" };
  if (last.kind === "|") return { what: "stage" };
  if (last.kind === "}") return { what: "afterSpanset" };
  if (last.kind === ")") {
    const caller = tokens.at(-3);
    const name = caller?.kind === "word" ? caller.word : "";
    if (["count", "min", "max", "avg", "sum"].includes(name)) return { what: "afterAggregate" };
    const metrics = tokens.some(
      (token) =>
        token.kind === "word" && (token.word === "rate" || token.word.endsWith("_over_time")),
    );
    return { what: metrics ? "afterMetrics" : "afterSpanset" };
  }
  const joins = "&& || > >> < << ~ ! !> !>> !< !<< !~ &> &>> &< &<< &~".split(" ");
  const before = tokens.at(-2)?.kind;
  const afterSpans = before === "}" || (before === ")" && tokens.at(-4)?.kind !== "word");
  if (last.kind === "!" || (joins.includes(last.kind) && afterSpans)) return { what: "spanset" };
  return { what: "nothing" };
}

function attributeAt(
  token: Token | undefined,
  prefix: string,
): { owner: Owner; scope: AttributeScope; prefix: string } {
  const [, owner, scope] =
    /^(?:(parent|root)\.)?(?:(span|resource|event|link|instrumentation)(?=\.)|)/.exec(prefix) ?? [];
  const marked = prefix.startsWith(".") || owner !== undefined || scope !== undefined;
  if (token === undefined || !marked) return { owner: "self", scope: "any", prefix };
  const skipped = (owner === undefined ? 0 : owner.length + 1) + (scope?.length ?? 0);
  const rest = prefix.slice(skipped);
  return {
    owner: (owner ?? "self") as Owner,
    scope: (scope ?? "any") as AttributeScope,
    prefix: rest.startsWith(".") ? rest.slice(1) : rest,
  };
}

function valueAt(text: string, { tokens }: Frame): Completion["value"] {
  const operator = tokens.at(-1);
  const subject = tokens.at(-2);
  if (operator === undefined || subject === undefined) return undefined;
  try {
    const cursor = new Cursor(text.slice(subject.at.start, subject.at.end));
    const field = parseReference(cursor);
    return { field, operator: operator.kind as ComparisonOperator };
  } catch (error) {
    if (error instanceof TraceqlError) return undefined;
    throw error;
  }
}

function filterFor(
  text: string,
  tokens: readonly Token[],
  frame: Frame,
  cursor: number,
): SpansetFilter | undefined {
  if (frame.inBraces) {
    const open = tokens.findLastIndex(({ kind, at }) => kind === "{" && at.end <= cursor);
    return filterAround(text, insideBraces(tokens, open), cursor);
  }
  const open = tokens.findIndex(({ kind }) => kind === "{");
  return open < 0 || open > frame.open ? undefined : parseFilter(text.slice(0, cursor));
}
