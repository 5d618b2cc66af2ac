// Recursive descent over PromQL's tokens, by its precedence: or; and, unless; comparisons; + -; * / %; unary
// sign; ^ (to the right). What is PromQL but not answered here is refused by name.

import type { ClewError } from "@clew/base";
import type {
  Aggregation,
  Binary,
  BinaryOperator,
  Expression,
  Grouping,
  Matcher,
  Selector,
} from "./ast.ts";
import { promqlError } from "./errors.ts";
import { type Token, tokenize } from "./lexer.ts";
import { functionArity, unsupportedFunctions } from "./signatures.ts";

const maxLength = 64 * 1024;
const maxDepth = 100;
const maxOperators = 500;
/** Whether an aggregation takes a parameter before its vector. */
const aggregations: ReadonlyMap<string, boolean> = new Map([
  ["sum", false],
  ["avg", false],
  ["min", false],
  ["max", false],
  ["count", false],
  ["group", false],
  ["topk", true],
  ["bottomk", true],
  ["quantile", true],
]);
const unsupportedAggregations = new Set([
  "stddev",
  "stdvar",
  "count_values",
  "limitk",
  "limit_ratio",
]);
const levels: readonly (readonly string[])[] = [
  ["or"],
  ["and", "unless"],
  ["==", "!=", ">", "<", ">=", "<="],
  ["+", "-"],
  ["*", "/", "%"],
];
const unaryLevel = levels.length;
const comparisons = new Set(levels[2]);

/** The tree of a query. Raises `bad_request` that names what is wrong or not supported, and where. */
export function parsePromql(text: string): Expression {
  if (text.length > maxLength) {
    throw promqlError("", 0, `the query is longer than ${maxLength} characters`);
  }
  return new Parser(text).parse();
}

/** The selector of a `match[]` parameter. Raises `bad_request` for anything else. */
export function parseSelector(text: string): Selector {
  const expression = parsePromql(text);
  if (expression.kind === "selector" && expression.rangeMs === undefined) return expression;
  throw promqlError(text, expression.at, "expected a series selector");
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  #operators = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  parse(): Expression {
    if (this.#peek().type === "end")
      throw this.#error(this.#peek(), "no expression found in input");
    const expression = this.#expression(0);
    const rest = this.#peek();
    if (rest.type !== "end") throw this.#error(rest, `unexpected ${shown(rest)}`);
    return expression;
  }

  #expression(level: number): Expression {
    if (level > 0 && level < unaryLevel) return this.#binary(level);
    if (++this.#depth > maxDepth) throw this.#error(this.#peek(), "the query is nested too deeply");
    const found = level === 0 ? this.#binary(0) : this.#unary();
    this.#depth--;
    return found;
  }

  #binary(level: number): Expression {
    let left = this.#expression(level + 1);
    for (;;) {
      const token = this.#peek();
      const operator = token.text.toLowerCase();
      if (token.type === "name" && operator === "atan2") throw this.#unsupported(token, "atan2");
      const isOperator = token.type === "name" || token.type === "symbol";
      if (!isOperator || !levels[level]?.includes(operator)) return left;
      this.#next++;
      // A chain is a tree as deep as it is long.
      if (++this.#operators > maxOperators) throw this.#error(token, "too many operators");
      const modifiers = this.#modifiers(operator);
      const right = this.#expression(level + 1);
      left = {
        kind: "binary",
        operator: operator as BinaryOperator,
        ...modifiers,
        left,
        right,
        at: token.at,
      };
    }
  }

  #modifiers(operator: string): Pick<Binary, "bool" | "matching"> {
    const bool = this.#word("bool");
    if (bool !== undefined && !comparisons.has(operator))
      throw this.#error(bool, "bool modifier can only be used on comparison operators");
    const on = this.#word("on");
    const ignoring = on ?? this.#word("ignoring");
    const labels = ignoring === undefined ? [] : this.#labels();
    for (const word of ["group_left", "group_right"]) {
      const token = this.#word(word);
      if (token !== undefined) throw this.#unsupported(token, `${word} (many-to-one matching)`);
    }
    return { bool: bool !== undefined, matching: { on: on !== undefined, labels } };
  }

  #unary(): Expression {
    const token = this.#peek();
    if (token.text !== "-" && token.text !== "+") return this.#power();
    this.#next++;
    const operand = this.#expression(unaryLevel);
    return token.text === "+" ? operand : { kind: "negation", operand, at: token.at };
  }

  #power(): Expression {
    const left = this.#postfix();
    const token = this.#symbol("^");
    if (token === undefined) return left;
    const modifiers = this.#modifiers("^");
    // To the right, and the sign of an exponent belongs to it.
    const right = this.#expression(unaryLevel);
    return { kind: "binary", operator: "^", ...modifiers, left, right, at: token.at };
  }

  #postfix(): Expression {
    let found = this.#primary();
    for (;;) {
      const token = this.#peek();
      if (this.#symbol("[") !== undefined) found = this.#range(found, token);
      else if (this.#word("offset") !== undefined) found = this.#offset(found, token);
      else if (token.text === "@") throw this.#unsupported(token, "the @ modifier");
      else return found;
    }
  }

  #range(found: Expression, bracket: Token): Expression {
    const rangeMs = this.#duration();
    if (this.#peek().text.startsWith(":")) throw this.#unsupported(bracket, "a subquery");
    this.#expect("]");
    if (found.kind !== "selector" || found.rangeMs !== undefined)
      throw this.#error(bracket, "ranges only allowed for vector selectors");
    if (rangeMs <= 0) throw this.#error(bracket, "duration must be greater than 0");
    return { ...found, rangeMs };
  }

  #offset(found: Expression, word: Token): Expression {
    const negative = this.#symbol("-") !== undefined;
    const offsetMs = this.#duration() * (negative ? -1 : 1);
    if (found.kind !== "selector") throw this.#error(word, "offset only allowed after a selector");
    return { ...found, offsetMs };
  }

  #duration(): number {
    const token = this.#take();
    if (token.type === "duration") return token.value;
    if (token.type === "number") return token.value * 1000;
    throw this.#error(token, `unexpected ${shown(token)}, expected a duration`);
  }

  #primary(): Expression {
    const token = this.#take();
    const { at } = token;
    if (token.type === "number") return { kind: "number", value: token.value, at };
    if (token.type === "string") return { kind: "string", value: token.text, at };
    if (token.text === "(" && token.type === "symbol") {
      const inside = this.#expression(0);
      this.#expect(")");
      return inside;
    }
    if (token.text === "{" && token.type === "symbol")
      return { kind: "selector", matchers: this.#matchers(token, []), offsetMs: 0, at };
    if (token.type === "name") return this.#named(token);
    throw this.#error(token, `unexpected ${shown(token)}`);
  }

  #named(token: Token): Expression {
    const { text, at } = token;
    const lower = text.toLowerCase();
    if (lower === "inf" || lower === "nan")
      return { kind: "number", value: lower === "inf" ? Infinity : NaN, at };
    const following = this.#peek().text;
    const grouped = ["by", "without"].includes(following.toLowerCase());
    if (following === "(" || grouped) {
      if (unsupportedAggregations.has(lower)) throw this.#unsupported(token, lower);
      if (aggregations.has(lower)) return this.#aggregation(token, lower);
      if (following === "(") return this.#call(token);
    }
    const own: Matcher = { label: "__name__", operator: "=", value: text, at };
    const brace = this.#symbol("{");
    const matchers = brace === undefined ? [own] : this.#matchers(brace, [own]);
    return { kind: "selector", matchers, offsetMs: 0, at };
  }

  #aggregation(token: Token, operator: string): Aggregation {
    let grouping = this.#grouping();
    this.#expect("(");
    const takesParameter = aggregations.get(operator) === true;
    const first = this.#expression(0);
    let operand = first;
    if (takesParameter) {
      this.#expect(",");
      operand = this.#expression(0);
    }
    this.#expect(")");
    grouping ??= this.#grouping() ?? { without: false, labels: [] };
    const parameter = takesParameter ? { parameter: first } : {};
    return { kind: "aggregation", operator, operand, ...parameter, grouping, at: token.at };
  }

  #grouping(): Grouping | undefined {
    const by = this.#word("by");
    const without = by ?? this.#word("without");
    if (without === undefined) return undefined;
    return { without: by === undefined, labels: this.#labels() };
  }

  #labels(): string[] {
    this.#expect("(");
    const labels: string[] = [];
    while (this.#symbol(")") === undefined) {
      const token = this.#take();
      if (token.type !== "name" && token.type !== "string")
        throw this.#error(token, `unexpected ${shown(token)}, expected a label`);
      labels.push(token.text);
      if (this.#symbol(",") === undefined && this.#peek().text !== ")")
        throw this.#error(this.#peek(), `unexpected ${shown(this.#peek())}, expected "," or ")"`);
    }
    return labels;
  }

  #call(token: Token): Expression {
    const arity = functionArity.get(token.text);
    if (arity === undefined) {
      if (unsupportedFunctions.has(token.text))
        throw this.#unsupported(token, `function ${token.text}`);
      throw this.#error(token, `unknown function with name ${JSON.stringify(token.text)}`);
    }
    this.#expect("(");
    const args: Expression[] = [];
    while (this.#symbol(")") === undefined) {
      if (args.length > 0) this.#expect(",");
      args.push(this.#expression(0));
    }
    const [least, most] = arity;
    if (args.length < least || args.length > most) {
      const expected = least === most ? String(least) : `${least} to ${most}`;
      const problem = `expected ${expected} argument(s) in call to ${JSON.stringify(token.text)}`;
      throw this.#error(token, `${problem}, got ${args.length}`);
    }
    return { kind: "call", function: token.text, args, at: token.at };
  }

  #matchers(brace: Token, own: readonly Matcher[]): Matcher[] {
    const matchers = [...own];
    while (this.#symbol("}") === undefined) {
      matchers.push(this.#matcher());
      if (this.#symbol(",") === undefined && this.#peek().text !== "}")
        throw this.#error(this.#peek(), `unexpected ${shown(this.#peek())}, expected "," or "}"`);
    }
    if (matchers.length === 0) {
      throw this.#error(brace, "vector selector must contain at least one non-empty matcher");
    }
    return matchers;
  }

  #matcher(): Matcher {
    const token = this.#take();
    const { text: label, at } = token;
    if (token.type !== "name" && token.type !== "string")
      throw this.#error(token, `unexpected ${shown(token)}, expected a label`);
    const operator = this.#peek().text;
    const isName = token.type === "string" && (operator === "," || operator === "}");
    if (isName) return { label: "__name__", operator: "=", value: label, at };
    if (operator !== "=" && operator !== "!=" && operator !== "=~" && operator !== "!~")
      throw this.#error(this.#peek(), `unexpected ${shown(this.#peek())}, expected an operator`);
    this.#next++;
    const value = this.#take();
    if (value.type !== "string")
      throw this.#error(value, `unexpected ${shown(value)}, expected a string`);
    return { label, operator, value: value.text, at };
  }

  #peek(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.type !== "end") this.#next++;
    return token;
  }

  #symbol(text: string): Token | undefined {
    const token = this.#peek();
    if (token.type !== "symbol" || token.text !== text) return undefined;
    this.#next++;
    return token;
  }

  #word(text: string): Token | undefined {
    const token = this.#peek();
    if (token.type !== "name" || token.text.toLowerCase() !== text) return undefined;
    this.#next++;
    return token;
  }

  #expect(text: string): void {
    if (this.#symbol(text) !== undefined) return;
    const token = this.#peek();
    throw this.#error(token, `unexpected ${shown(token)}, expected ${JSON.stringify(text)}`);
  }

  #error(token: Token, problem: string): ClewError {
    return promqlError(this.#text, token.at, problem);
  }

  #unsupported(token: Token, what: string): ClewError {
    const hint = "docs/apis/prometheus.md lists the part of PromQL that Clew answers";
    return promqlError(this.#text, token.at, `${what} is not supported`, hint);
  }
}

function shown(token: Token): string {
  if (token.type === "end") return "end of input";
  const text = token.text.length > 40 ? `${token.text.slice(0, 40)}...` : token.text;
  return JSON.stringify(text);
}
