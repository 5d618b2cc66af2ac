// Generated traces over a small vocabulary, so that conditions meet: the same key with several types, in span,
// resource, event, link and scope; missing parents, several roots, ids that occur twice.

import fc from "fast-check";
import type { JsonAttributes, JsonSpan, JsonValue } from "../../planner/sample-store.ts";

const texts = ["", "a", "b", "GET", "POST", "ä🧵", "1", "x'y"] as const;
const text = fc.constantFrom(...texts);
const int = fc.constantFrom(-2n, 0n, 1n, 2n, 3n, 200n, 500n, 70_000n);
const float = fc.constantFrom(-0.5, 0, 0.5, 1.5, 2, 1e10);
const bool = fc.boolean();
const array: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.array(fc.constantFrom("a", "b", "GET"), { minLength: 1, maxLength: 3 }),
  fc.array(fc.constantFrom(1n, 2n, 3n), { minLength: 1, maxLength: 3 }),
  fc.array(fc.constantFrom(0.5, 1.5), { minLength: 1, maxLength: 2 }),
  fc.array(bool, { minLength: 1, maxLength: 2 }),
);
const anything: fc.Arbitrary<JsonValue> = fc.oneof(
  text,
  int,
  float,
  bool,
  array,
  fc.constant(undefined),
);

/** Some of the attributes, each present half the time. */
function attributes(
  choices: Readonly<Record<string, fc.Arbitrary<JsonValue>>>,
): fc.Arbitrary<JsonAttributes> {
  return fc.record(choices, { requiredKeys: [] });
}

const shared = fc.oneof(text, int);
const spanAttributes = attributes({
  "http.request.method": fc.oneof({ weight: 4, arbitrary: text }, anything),
  "http.response.status_code": fc.oneof({ weight: 4, arbitrary: int }, anything),
  "service.name": fc.constantFrom("pay", "own"),
  mix: anything,
  user: fc.oneof({ weight: 4, arbitrary: text }, anything),
  num: fc.oneof({ weight: 3, arbitrary: int }, { weight: 2, arbitrary: float }, anything),
  flag: fc.oneof({ weight: 3, arbitrary: bool }, anything),
  shared,
});
const resource = fc.record(
  {
    "service.name": fc.constantFrom("shop", "pay", "mail"),
    host: fc.oneof({ weight: 4, arbitrary: fc.constantFrom("h1", "h2") }, anything),
    shared,
  },
  { requiredKeys: ["service.name"] },
);
const inner = attributes({ key: fc.oneof(text, int, bool), other: int, shared });

interface Shape {
  readonly span: JsonSpan;
  /** Chooses the parent among the spans before. */
  readonly parent: number;
  readonly kinship: "child" | "root" | "lost";
  readonly twin: boolean;
  readonly offset: number;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  span: fc.record({
    name: fc.constantFrom("GET /", "query", "send", "ä"),
    kind: fc.integer({ min: 0, max: 5 }),
    status: fc.integer({ min: 0, max: 2 }),
    message: fc.constantFrom("", "", "bad"),
    duration: fc.constantFrom(0n, 1n, 1_000_000n, 5_000_000n, 1_500_000_000n),
    attributes: spanAttributes,
    resource,
    scope: fc.record({
      name: fc.constantFrom("lib", "web"),
      version: fc.constantFrom("1.0", "2.0"),
      attributes: attributes({ tier: fc.oneof(text, int), shared }),
    }),
    events: fc.array(
      fc.record({
        name: fc.constantFrom("exception", "retry"),
        after: fc.constantFrom(0n, 1000n, 2_000_000n),
        attributes: inner,
      }),
      { maxLength: 3 },
    ),
    links: fc.array(
      fc.record({
        trace: fc.constantFrom("1", "abc"),
        span: fc.constantFrom("1", "2"),
        attributes: inner,
      }),
      { maxLength: 2 },
    ),
  }),
  parent: fc.nat(),
  kinship: fc.oneof(
    { weight: 12, arbitrary: fc.constant("child" as const) },
    { weight: 1, arbitrary: fc.constant("root" as const) },
    { weight: 1, arbitrary: fc.constant("lost" as const) },
  ),
  twin: fc.oneof({ weight: 19, arbitrary: fc.constant(false) }, fc.constant(true)),
  offset: fc.nat(1000),
});

const trace = fc.array(shape, { minLength: 1, maxLength: 9 });

/** Spans of about `count` traces. Starts are all different, and none lies on a whole second. */
export function arbitrarySpans(count: number): fc.Arbitrary<JsonSpan[]> {
  return fc
    .array(trace, { minLength: count, maxLength: count })
    .map((traces) => traces.flatMap((shapes, number) => connected(shapes, number + 1)));
}

const SPREAD = 10_000_000_007n;

function connected(shapes: readonly Shape[], number: number): JsonSpan[] {
  const id = (index: number): string => (number * 100 + index + 1).toString(16);
  const ids: string[] = [];
  const hasTwins = shapes.some(({ twin }) => twin);
  return shapes.map(({ span, parent, kinship, twin, offset }, index) => {
    ids.push(twin && index > 0 ? (ids[parent % index] as string) : id(index));
    const start = BigInt(number) * SPREAD + BigInt(index * 1_000_003 + 17);
    const isRoot = index === 0 ? kinship !== "lost" : kinship === "root";
    const parentId = kinship === "lost" ? id(90) : (ids[parent % Math.max(index, 1)] as string);
    return {
      ...span,
      trace: number.toString(16),
      span: ids[index] as string,
      ...(!isRoot && { parent: parentId }),
      // A clock that is off may start a child before its parent; twins keep their order, or parents
      // could become descendants of their own.
      start: hasTwins ? start : start + BigInt(offset - 500) * 20_000_011n,
    };
  });
}
