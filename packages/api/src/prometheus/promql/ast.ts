// The syntax tree of the part of PromQL that Clew answers.

/** Offset of the node in the query text, for errors. */
interface Node {
  readonly at: number;
}

export interface NumberLiteral extends Node {
  readonly kind: "number";
  readonly value: number;
}

export interface StringLiteral extends Node {
  readonly kind: "string";
  readonly value: string;
}

export interface Matcher extends Node {
  readonly label: string;
  readonly operator: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

export interface Selector extends Node {
  readonly kind: "selector";
  /** The name before the braces is a matcher of `__name__` as well. */
  readonly matchers: readonly Matcher[];
  /** Milliseconds; present for a range vector. */
  readonly rangeMs?: number;
  readonly offsetMs: number;
}

export interface Call extends Node {
  readonly kind: "call";
  readonly function: string;
  readonly args: readonly Expression[];
}

export interface Grouping {
  readonly without: boolean;
  readonly labels: readonly string[];
}

export interface Aggregation extends Node {
  readonly kind: "aggregation";
  readonly operator: string;
  readonly operand: Expression;
  /** Of topk, bottomk and quantile. */
  readonly parameter?: Expression;
  readonly grouping: Grouping;
}

export type BinaryOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "^"
  | "=="
  | "!="
  | ">"
  | "<"
  | ">="
  | "<="
  | "and"
  | "or"
  | "unless";

export interface Binary extends Node {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  /** Comparison that gives 0 and 1 instead of filtering. */
  readonly bool: boolean;
  /** Labels that pair the sides: `on(...)` when `on`, all but these otherwise. */
  readonly matching: { readonly on: boolean; readonly labels: readonly string[] };
  readonly left: Expression;
  readonly right: Expression;
}

export interface Negation extends Node {
  readonly kind: "negation";
  readonly operand: Expression;
}

export type Expression =
  | NumberLiteral
  | StringLiteral
  | Selector
  | Call
  | Aggregation
  | Binary
  | Negation;
