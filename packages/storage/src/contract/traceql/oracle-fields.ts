// What a field expression says of one span. A comparison that names an event holds when it holds for any event;
// in a filter without `||`, all such comparisons must hold for the same one. Links alike. An attribute without
// a scope may be found on events too, but ties no other comparison to the event.

import type { Attribute, FieldExpression, FieldReference, Intrinsic, Owner } from "@clew/traceql";
import type { OracleEvent, OracleLink, OracleSpan, Value } from "./oracle-trace.ts";
import { compare, compute, isNumber } from "./oracle-values.ts";

/** The event and link that are looked at, of the span itself, its parent or its root. */
type Bound = ReadonlyMap<string, OracleEvent | OracleLink>;
const nothingBound: Bound = new Map();

/** Whether the condition of a filter holds for a span. */
export function holds(condition: FieldExpression, span: OracleSpan): boolean {
  if (hasOr(condition)) return isTrue(condition, span);
  const conjuncts = flatten(condition);
  const joint = conjuncts.filter(isOfOneEvent);
  const alone = conjuncts.filter((one) => !isOfOneEvent(one));
  return (
    alone.every((one) => isTrue(one, span)) &&
    bindings(joint, span).some((bound) => joint.every((one) => isTrue(one, span, bound)))
  );
}

/** A comparison, `.x` or `!.x` that names an event or link; `!( )` around a comparison is about all events. */
function isOfOneEvent(node: FieldExpression): boolean {
  if (node.kind === "unary" && !isReference(node.operand)) return false;
  return ownReferences(node).some((field) =>
    field.kind === "intrinsic"
      ? /^(event|link):/.test(field.name)
      : field.scope === "event" || field.scope === "link",
  );
}

function hasOr(node: FieldExpression): boolean {
  if (node.kind === "unary") return hasOr(node.operand);
  return (
    node.kind === "binary" && (node.operator === "||" || hasOr(node.left) || hasOr(node.right))
  );
}

function flatten(node: FieldExpression): FieldExpression[] {
  if (node.kind !== "binary" || node.operator !== "&&") return [node];
  return [...flatten(node.left), ...flatten(node.right)];
}

function isTrue(node: FieldExpression, span: OracleSpan, bound?: Bound): boolean {
  if (node.kind === "binary" && (node.operator === "&&" || node.operator === "||")) {
    const sides = [isTrue(node.left, span, bound), isTrue(node.right, span, bound)];
    return node.operator === "&&" ? sides.every(Boolean) : sides.some(Boolean);
  }
  if (node.kind === "unary" && !isReference(node.operand)) {
    const operand = valueOf(node.operand, span, bound ?? nothingBound);
    return operand?.type === "bool" && !operand.value;
  }
  const choices = bound === undefined ? bindings([node], span) : [bound];
  return choices.some((choice) => {
    if (node.kind === "binary") return comparison(node, span, choice);
    const isNegated = node.kind === "unary";
    const value = valueOf(isNegated ? node.operand : node, span, choice);
    return value?.type === "bool" && value.value !== isNegated;
  });
}

function comparison(
  node: Extract<FieldExpression, { kind: "binary" }>,
  span: OracleSpan,
  bound: Bound,
): boolean {
  const { operator, left, right } = node;
  switch (operator) {
    case "&&":
    case "||":
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
    case "^":
      return isTrue(node, span, bound);
    default: {
      if (right.kind === "static" && right.type === "nil" && isReference(left))
        return (valueOf(left, span, bound) === undefined) === (operator === "=");
      const values = [valueOf(left, span, bound), valueOf(right, span, bound)] as const;
      const isPattern = operator === "=~" || operator === "!~";
      if (!isPattern && (isId(left) || isId(right)))
        return compare(operator, idOf(values[0]), idOf(values[1]));
      return compare(operator, ...values);
    }
  }
}

function isId(node: FieldExpression): boolean {
  return node.kind === "intrinsic" && /:id$|ID$/.test(node.name);
}

/** Leading zeros and case do not matter in ids. */
function idOf(value: Value): Value {
  if (value?.type !== "string") return value;
  return { type: "string", value: value.value.toLowerCase().replace(/^0+/, "") };
}

function isReference(node: FieldExpression): node is FieldReference {
  return node.kind === "attribute" || node.kind === "intrinsic";
}

/** The value of any expression; conditions have values too. */
export function valueOf(
  node: FieldExpression,
  span: OracleSpan,
  bound: Bound = nothingBound,
): Value {
  switch (node.kind) {
    case "static":
      return node.type === "nil" ? undefined : node;
    case "attribute":
      return attributeOf(node, ownerOf(span, node.owner), bound);
    case "intrinsic":
      return intrinsicOf(node, ownerOf(span, node.owner), bound);
    case "unary": {
      if (node.operator === "!") return { type: "bool", value: isTrue(node, span, bound) };
      const operand = valueOf(node.operand, span, bound);
      if (!isNumber(operand)) return undefined;
      return { type: operand.type, value: -operand.value } as Value;
    }
    case "binary":
      switch (node.operator) {
        case "+":
        case "-":
        case "*":
        case "/":
        case "%":
        case "^":
          return compute(
            node.operator,
            valueOf(node.left, span, bound),
            valueOf(node.right, span, bound),
          );
        default:
          return { type: "bool", value: isTrue(node, span) };
      }
  }
}

export function ownerOf(span: OracleSpan, owner: Owner): OracleSpan | undefined {
  if (owner === "parent") return span.parent;
  return owner === "root" ? span.trace.root : span;
}

/** Every choice of one event and one link for each owner of which the nodes name events or links. */
function bindings(nodes: readonly FieldExpression[], span: OracleSpan): Bound[] {
  const wanted = new Map<string, readonly (OracleEvent | OracleLink)[]>();
  for (const node of nodes.flatMap(ownReferences)) {
    const subject = ownerOf(span, node.owner);
    const list = listOf(node, subject);
    const all: readonly (OracleEvent | OracleLink)[] =
      list === undefined ? [] : (subject?.[list] ?? []);
    // What has no scope is nil only where no event has it.
    const unscoped = node.kind === "attribute" && node.scope === "any";
    const choices = unscoped ? all.filter(({ attributes }) => attributes.get(node.name)) : all;
    if (list !== undefined) wanted.set(`${node.owner} ${list}`, choices);
  }
  let all: Map<string, OracleEvent | OracleLink>[] = [new Map()];
  for (const [key, choices] of wanted)
    all = all.flatMap((bound) => choices.map((choice) => new Map([...bound, [key, choice]])));
  return all;
}

/** References that a comparison looks at itself, not those of conditions inside of it. */
function ownReferences(node: FieldExpression): FieldReference[] {
  if (isReference(node)) return [node];
  if (node.kind !== "binary") return node.kind === "unary" ? ownReferences(node.operand) : [];
  return [node.left, node.right].flatMap((side) =>
    side.kind === "binary" && /[=<>~&|]/.test(side.operator) ? [] : ownReferences(side),
  );
}

/** Whether a reference leads to events or links of its subject. */
function listOf(
  node: FieldReference,
  subject: OracleSpan | undefined,
): "events" | "links" | undefined {
  if (node.kind === "intrinsic")
    return node.name.startsWith("event:")
      ? "events"
      : node.name.startsWith("link:")
        ? "links"
        : undefined;
  if (node.scope === "event") return "events";
  if (node.scope === "link") return "links";
  if (node.scope !== "any" || subject === undefined) return undefined;
  const place = placeOf(node.name, subject);
  return place === "events" || place === "links" ? place : undefined;
}

type Place = "attributes" | "resource" | "events" | "links" | "scope";

/** Where an unscoped name is found first. */
function placeOf(name: string, span: OracleSpan): Place | undefined {
  if (span.attributes.get(name) !== undefined) return "attributes";
  if (span.resource.get(name) !== undefined) return "resource";
  if (span.events.some((event) => event.attributes.get(name) !== undefined)) return "events";
  if (span.links.some((link) => link.attributes.get(name) !== undefined)) return "links";
  return span.scope.attributes.get(name) === undefined ? undefined : "scope";
}

const places: Readonly<Record<string, Place>> = {
  span: "attributes",
  resource: "resource",
  event: "events",
  link: "links",
  instrumentation: "scope",
};

function attributeOf(node: Attribute, span: OracleSpan | undefined, bound: Bound): Value {
  if (span === undefined) return undefined;
  const place = node.scope === "any" ? placeOf(node.name, span) : places[node.scope];
  switch (place) {
    case "attributes":
      return span.attributes.get(node.name);
    case "resource":
      return span.resource.get(node.name);
    case "events":
    case "links":
      return oneOf<OracleEvent | OracleLink>(span[place], place, node.owner, bound, (one) =>
        one.attributes.get(node.name),
      );
    case "scope":
      return span.scope.attributes.get(node.name);
    case undefined:
      return undefined;
  }
}

/** Of the event or link that is looked at; where none was chosen, of the first that has the value. */
function oneOf<T extends OracleEvent | OracleLink>(
  all: readonly T[],
  place: "events" | "links",
  owner: Owner,
  bound: Bound,
  of: (one: T) => Value,
): Value {
  const chosen = bound.get(`${owner} ${place}`) as T | undefined;
  if (chosen !== undefined) return of(chosen);
  return all.map(of).find((value) => value !== undefined);
}

function intrinsicOf(node: Intrinsic, span: OracleSpan | undefined, bound: Bound): Value {
  if (span === undefined) return undefined;
  const text = (value: string | undefined): Value =>
    value === undefined ? undefined : { type: "string", value };
  const int = (value: number): Value => ({ type: "int", value: BigInt(value) });
  const event = (of: (event: OracleEvent) => Value): Value =>
    oneOf(span.events, "events", node.owner, bound, of);
  const link = (of: (link: OracleLink) => Value): Value =>
    oneOf(span.links, "links", node.owner, bound, of);
  const { trace } = span;
  switch (node.name) {
    case "span:duration":
      return { type: "duration", value: span.duration };
    case "span:name":
      return text(span.name);
    case "span:kind":
      return { type: "kind", value: span.kind };
    case "span:status":
      return { type: "status", value: span.status };
    case "span:statusMessage":
      return text(span.message);
    case "span:id":
      return text(span.spanId);
    case "span:parentID":
      return text(span.parentId);
    case "span:childCount":
      return int(span.children.length);
    case "trace:duration":
      return { type: "duration", value: traceEnd(span) - (trace.spans[0]?.start ?? 0n) };
    case "trace:rootName":
      return text(trace.root?.name);
    case "trace:rootService": {
      const service = trace.root?.resource.get("service.name");
      return service?.type === "string" ? service : undefined;
    }
    case "trace:id":
      return text(trace.id);
    case "event:name":
      return event(({ name }) => text(name));
    case "event:timeSinceStart":
      return event(({ after }) => ({ type: "duration", value: after }));
    case "link:traceID":
      return link(({ traceId }) => text(traceId));
    case "link:spanID":
      return link(({ spanId }) => text(spanId));
    case "instrumentation:name":
      return text(span.scope.name);
    case "instrumentation:version":
      return text(span.scope.version);
    case "nestedSetLeft":
      return int(span.nested.left);
    case "nestedSetRight":
      return int(span.nested.right);
    case "nestedSetParent":
      return int(span.nested.parent);
  }
}

function traceEnd(span: OracleSpan): bigint {
  const ends = span.trace.spans.map(({ start, duration }) => start + duration);
  return ends.reduce((a, b) => (a > b ? a : b));
}
