// Field expressions of TraceQL as SQL over table `spans`, with the language's rules: a mismatch of types is
// false for every operator, a missing attribute is nil, arrays match by any element. The one place that knows
// where a value lies (promoted column, typed map, resource, scope, event, link); search, metrics and tag values
// all build on it.

import type { Attribute, FieldExpression, FieldReference } from "@clew/traceql";
import type { Engine } from "../engines/engine.ts";
import type { Part } from "../read/attribute-parts.ts";
import { checkPatterns } from "../read/check-patterns.ts";
import { readKnownPlaces } from "../read/known-places.ts";
import type { ReadContext } from "../read/read-context.ts";
import { SqlParameters } from "../read/sql-parameters.ts";
import { FieldConditions, isReference } from "./field-conditions.ts";
import { fold } from "./field-fold.ts";
import {
  type FieldKnowledge,
  RecordingKnowledge,
  readContentMaps,
  spanKeys,
} from "./field-knowledge.ts";
import { allOf, anyOf, FALSE } from "./field-logic.ts";
import { nullableFloat } from "./field-numbers.ts";
import { FieldPlaces, type Frame, MANY_COLUMNS, openFrame } from "./field-places.ts";
import {
  comparedReferences,
  isSpanLocal,
  type Many,
  manyOf,
  referencesOf,
  requireFewPowers,
  requireLocal,
} from "./field-references.ts";
import { anchored } from "./field-tests.ts";
import { typedOf } from "./field-typed.ts";

export { isSpanLocal } from "./field-references.ts";
export { typedValue } from "./field-typed.ts";

/** Writes expressions; what must be known of the store for that was asked before. */
export interface FieldCompiler {
  /** SQL of type UInt8 (or LowCardinality of it), never NULL: whether the condition holds for a row of `spans`. Only owner `self`, no trace-level intrinsics. */
  condition(expression: FieldExpression, parameters: SqlParameters): string;
  /** SQL of type Nullable(Float64): the number, NULL where there is none. Durations in nanoseconds. */
  number(expression: FieldExpression, parameters: SqlParameters): string;
  /**
   * SQL of type Tuple(type String, text String): the value with its TraceQL type, ('nil', '') where there is
   * none; `typedValue` reads it. Of several events or links it is the first that has the value.
   */
  typed(field: FieldReference, parameters: SqlParameters): string;
  /**
   * As `typed`, for what is shown of a span that was found by some filters: only events (links) that meet what
   * one of the filters asks of an event count, if there are such.
   */
  typedAsFound(
    field: FieldReference,
    filters: readonly FieldExpression[],
    parameters: SqlParameters,
  ): string;
  /** As `typed`, of each: SQL of an array with one pair for every event (link) of the span, for others with the one pair. */
  typedOfEach(field: FieldReference, parameters: SqlParameters): string;
  /**
   * SQL of an array of pairs as `typed` gives them: ('string', 'event') and what each event has, links alike,
   * or ('string', 'one') and a value that does not lie on them. The expression is a field of events or links,
   * an unscoped attribute, or a condition on single events (links).
   */
  choices(expression: FieldExpression, parameters: SqlParameters): string;
}

/**
 * Asks the store once for everything that the expressions need. The compiler can write other expressions
 * too, only less cheap ones.
 * @throws ClewError `bad_request` for an expression that needs more than one span, or a malformed pattern.
 */
export async function prepareFields(
  engine: Engine,
  tenant: string,
  expressions: readonly FieldExpression[],
  context: ReadContext,
): Promise<FieldCompiler> {
  for (const expression of expressions) {
    requireLocal(expression);
    requireFewPowers(expression);
  }
  const patterns = expressions.flatMap(patternsOf);
  const references = expressions.flatMap(referencesOf);
  const lookup = { ...context, isLookup: true };
  const [places, maps] = await Promise.all([
    readKnownPlaces(engine, tenant, spanKeys(references), lookup),
    readContentMaps(engine, tenant, references, lookup),
    checkPatterns(
      engine,
      patterns.flatMap((pattern) => [pattern, anchored(pattern)]),
      lookup,
    ),
  ]);
  const recording = new RecordingKnowledge(places, maps);
  const draft = new SqlCompiler(tenant, recording);
  for (const expression of expressions) {
    draft.condition(expression, new SqlParameters());
    if (isReference(expression)) draft.typed(expression, new SqlParameters());
    else draft.number(expression, new SqlParameters());
  }
  return new SqlCompiler(tenant, await recording.answer(engine, tenant, lookup));
}

class SqlCompiler implements FieldCompiler {
  readonly #places: FieldPlaces;
  readonly #conditions: FieldConditions;

  constructor(tenant: string, knowledge: FieldKnowledge) {
    this.#places = new FieldPlaces(tenant, knowledge);
    this.#conditions = new FieldConditions(this.#places);
  }

  condition(expression: FieldExpression, parameters: SqlParameters): string {
    requireLocal(expression);
    const folded = fold(expression);
    const frame = openFrame(parameters);
    const parts = conjuncts(folded).sort((a, b) => cost(a) - cost(b));
    if (hasOr(folded)) return allOf(parts.map((part) => this.#conditions.holds(part, frame)));
    return allOf(this.#together(parts, frame));
  }

  /** Without any `||`, conditions on events speak of one and the same event; likewise those on links. */
  #together(parts: readonly FieldExpression[], frame: Frame): string[] {
    const conditions: string[] = [];
    const groups = new Map<string, { many: readonly Many[]; parts: FieldExpression[] }>();
    // What speaks of events and of links ties the conditions on both.
    const isTied = parts.some((part) => !isNegation(part) && namedMany(part).length > 1);
    for (const part of parts) {
      const named = isNegation(part) ? [] : namedMany(part);
      if (named.length === 0) {
        conditions.push(this.#conditions.holds(part, frame));
        continue;
      }
      const many = isTied ? MANY : named;
      const group = groups.get(many.join()) ?? { many, parts: [] };
      group.parts.push(part);
      groups.set(many.join(), group);
    }
    for (const group of groups.values()) conditions.push(this.#anyOf(group, frame));
    return conditions;
  }

  /** UInt8: whether all parts hold for one event (link, or one of each). */
  #anyOf(
    group: { readonly many: readonly Many[]; readonly parts: readonly FieldExpression[] },
    frame: Frame,
  ): string {
    const [first, ...rest] = group.many;
    if (first === undefined)
      return allOf(group.parts.map((part) => this.#conditions.holds(part, frame)));
    return this.#conditions.anyOfMany(first, frame, (inner) =>
      this.#anyOf({ many: rest, parts: group.parts }, inner),
    );
  }

  number(expression: FieldExpression, parameters: SqlParameters): string {
    requireLocal(expression);
    const frame = openFrame(parameters);
    return nullableFloat(this.#conditions.number(fold(expression), frame));
  }

  typed(field: FieldReference, parameters: SqlParameters): string {
    requireLocal(field);
    return asPair(this.#places.typed(field, openFrame(parameters)));
  }

  typedAsFound(
    field: FieldReference,
    filters: readonly FieldExpression[],
    parameters: SqlParameters,
  ): string {
    const typed = this.typed(field, parameters);
    const many = manyOf(field);
    if (many === undefined) return typed;
    const frame: Frame = { ...openFrame(parameters), bound: new Set([many]) };
    const asked = filters.map((filter) => this.#askedOfOne(many, filter, frame));
    const condition = anyOf(asked.filter((one) => one !== undefined));
    if (condition === FALSE) return typed;
    const pair = pairSql(this.#places.parts(field, frame));
    const met = `arrayFilter(pair -> pair.1 != '', ${lambda(many, `if(${condition}, ${pair}, ${NO_PAIR})`)})`;
    const first = `arrayFirst(pair -> pair.1 != 'nil', arrayPushBack(${met}, ${NIL_PAIR}))`;
    return `if(notEmpty(${met}), ${first}, ${typed})`;
  }

  /** What a filter asks of one and the same event (link); undefined where it asks nothing of that kind. */
  #askedOfOne(many: Many, filter: FieldExpression, frame: Frame): string | undefined {
    const folded = fold(filter);
    if (hasOr(folded)) return undefined;
    const parts = conjuncts(folded).filter(
      (part) => !isNegation(part) && namedMany(part).join() === many && isSpanLocal(part),
    );
    if (parts.length === 0) return undefined;
    return allOf(parts.map((part) => this.#conditions.holds(part, frame)));
  }

  typedOfEach(field: FieldReference, parameters: SqlParameters): string {
    const many = manyOf(field);
    if (many === undefined) return `[${this.typed(field, parameters)}]`;
    requireLocal(field);
    const frame = { ...openFrame(parameters), bound: new Set([many]) };
    return lambda(many, pairSql(this.#places.parts(field, frame)));
  }

  choices(expression: FieldExpression, parameters: SqlParameters): string {
    if (isReference(expression)) {
      const many = manyOf(expression);
      const each = this.typedOfEach(expression, parameters);
      if (many !== undefined) return placed(many, each);
      const isLoose = expression.kind === "attribute" && expression.scope === "any";
      return isLoose ? this.#looseChoices(expression, parameters) : placed("one", each);
    }
    requireLocal(expression);
    const [many = "event"] = namedMany(expression);
    const frame: Frame = { ...openFrame(parameters), bound: new Set([many]) };
    const condition = this.#conditions.holds(fold(expression), frame);
    return placed(many, lambda(many, asPair(`('bool', if(${condition}, 'true', 'false'))`)));
  }

  #looseChoices(field: Attribute, parameters: SqlParameters): string {
    const open = openFrame(parameters);
    const has = (scope: Attribute["scope"]): string => this.#places.has({ ...field, scope }, open);
    const plain = asPair(this.#places.typed(field, { ...open, plain: new Set([field.name]) }));
    const one = placed("one", `[${plain}]`);
    const lists = MANY.filter((many) => this.#places.mayHave(many, field)).map((many) => {
      const each = this.typedOfEach({ ...field, scope: many }, parameters);
      return `${has(many)}, ${placed(many, each)}`;
    });
    if (lists.length === 0) return one;
    return `multiIf(${anyOf([has("span"), has("resource")])}, ${one}, ${lists.join(", ")}, ${one})`;
  }
}

const NIL_PAIR = asPair("('nil', '')");
const MANY: readonly Many[] = ["event", "link"];
/** Not even nil: what it would be the value of does not count. */
const NO_PAIR = asPair("('', '')");

/** An array of what `value` gives for every event (link) of the span. */
function lambda(many: Many, value: string): string {
  const columns = Object.entries(MANY_COLUMNS[many]);
  const names = columns.map(([name]) => name).join(", ");
  return `arrayMap((${names}) -> ${value}, ${columns.map(([, column]) => column).join(", ")})`;
}

/** Events, links or both, where a comparison, `.x` or `!.x` speaks of them itself. */
function namedMany(expression: FieldExpression): readonly Many[] {
  const named = ownReferences(expression).map(manyOf);
  return MANY.filter((many) => named.includes(many));
}

function ownReferences(expression: FieldExpression): readonly FieldReference[] {
  if (expression.kind === "unary") return ownReferences(expression.operand);
  if (expression.kind !== "binary") return comparedReferences(expression);
  return [...comparedReferences(expression.left), ...comparedReferences(expression.right)];
}

function pairSql(parts: readonly Part[]): string {
  return asPair(typedOf(parts));
}

function asPair(sql: string): string {
  return `CAST(${sql}, 'Tuple(type String, text String)')`;
}

/** An array of pairs behind the name of their place. */
function placed(place: Many | "one", pairs: string): string {
  return `arrayPushFront(${pairs}, ${asPair(`('string', '${place}')`)})`;
}

function conjuncts(expression: FieldExpression): FieldExpression[] {
  if (expression.kind !== "binary" || expression.operator !== "&&") return [expression];
  return [...conjuncts(expression.left), ...conjuncts(expression.right)];
}

function hasOr(expression: FieldExpression): boolean {
  if (expression.kind === "unary") return hasOr(expression.operand);
  if (expression.kind !== "binary") return false;
  return expression.operator === "||" || hasOr(expression.left) || hasOr(expression.right);
}

/** `!(event.x = 1)` is about all events, `!event.x` about one. */
function isNegation(expression: FieldExpression): boolean {
  return expression.kind === "unary" && !isReference(expression.operand);
}

/** Conditions are tried in the order of what their columns cost to read. */
function cost(expression: FieldExpression): number {
  const costs = referencesOf(expression).map((reference) => {
    if (reference.kind === "intrinsic") return reference.name.startsWith("span:") ? 0 : 2;
    if (reference.scope === "resource" || reference.scope === "instrumentation") return 1;
    return reference.scope === "span" ? 3 : reference.scope === "any" ? 4 : 5;
  });
  return Math.max(0, ...costs);
}

function patternsOf(expression: FieldExpression): readonly string[] {
  if (expression.kind === "unary") return patternsOf(expression.operand);
  if (expression.kind !== "binary") return [];
  const { operator, left, right } = expression;
  const isPattern = operator === "=~" || operator === "!~";
  if (isPattern && right.kind === "static" && right.type === "string") return [right.value];
  return [...patternsOf(left), ...patternsOf(right)];
}
