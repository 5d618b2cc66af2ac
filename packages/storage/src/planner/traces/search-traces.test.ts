import type { ResultTrace, TraceqlSearchResult } from "@clew/model";
import { parse, type SpansQuery } from "@clew/traceql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../../contract/open-test-store.ts";
import { HOSTILE, MINUTE, NOON, RANGE, SECOND } from "../../contract/store-in-hand.ts";
import { openChdbEngine } from "../../engines/chdb.ts";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import type { TraceqlSearch } from "../../traceql-reader.ts";
import { type JsonSpan, storeSpans } from "../sample-store.ts";
import { ReadBudget } from "./read-budget.ts";
import { searchWholeTraces } from "./search-traces.ts";

let store: TestStore;

const MS = 1_000_000n;

/**
 * Trace 1, a shop order:   a(shop) > b(cart) > c(db), b > d(db, error), a > e(mail)
 * Trace 2, another order:  f(shop) > g(cart, error)
 * Trace 3, no root stored: h(cart) has a parent that is not there; i is h's child
 * Trace 4, two roots:      j(shop), k(cart); l is j's child
 */
const spans: readonly JsonSpan[] = [
  span("1", "a", undefined, "shop", 0n, 100n, { items: 3n }),
  span("1", "b", "a", "cart", 10n, 50n, { items: 3n, user: "u1" }),
  span("1", "c", "b", "db", 20n, 10n, { rows: 7n }),
  { ...span("1", "d", "b", "db", 35n, 20n, { rows: 9n }), status: 2 },
  span("1", "e", "a", "mail", 80n, 5n),
  span("2", "f", undefined, "shop", 1000n, 400n, { items: 1n }),
  { ...span("2", "g", "f", "cart", 1010n, 300n, { user: "u2" }), status: 2 },
  span("3", "h", "ff", "cart", 2000n, 30n),
  span("3", "i", "h", "db", 2010n, 10n, { rows: 1n }),
  span("4", "j", undefined, "shop", 3000n, 10n),
  span("4", "k", undefined, "cart", 3001n, 10n),
  span("4", "l", "j", "db", 3002n, 5n),
];

/** Times in milliseconds; the id is the name's letter. */
function span(
  trace: string,
  name: string,
  parent: string | undefined,
  service: string,
  start: bigint,
  duration: bigint,
  attributes: JsonSpan["attributes"] = {},
): JsonSpan {
  return {
    trace,
    span: idOf(name),
    ...(parent === undefined ? {} : { parent: parent === "ff" ? "ff" : idOf(parent) }),
    name,
    start: start * MS,
    duration: duration * MS,
    attributes,
    resource: { "service.name": service },
  };
}

function idOf(name: string): string {
  return name.charCodeAt(0).toString(16);
}

async function ask(
  text: string,
  options: Partial<TraceqlSearch> = {},
  context: ReadContext = {},
): Promise<TraceqlSearchResult> {
  const query = parse(text) as SpansQuery;
  const asked = {
    tenant: "orders",
    range: RANGE,
    sort: "newest",
    limit: 20,
    spansPerSpanset: 20,
  } as const;
  return await searchWholeTraces(store.engine, { ...asked, query, ...options }, context);
}

/** `"1:ab 2:f"`: traces by number, newest first, with the names of their spans; spansets apart by `|`. */
function shape(traces: readonly ResultTrace[]): string {
  return traces
    .map(({ traceId, spansets }) => {
      const names = spansets.map(({ spans: shown }) => shown.map(({ name }) => name).join(""));
      return `${Number.parseInt(traceId, 16)}:${names.join("|")}`;
    })
    .join(" ");
}

async function found(text: string, options: Partial<TraceqlSearch> = {}): Promise<string> {
  return shape((await ask(text, options)).traces);
}

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
  await storeSpans(store, "orders", spans);
});

afterAll(async () => {
  await store.close();
});

describe("spansets", () => {
  test.each([
    ['{ resource.service.name = "shop" } && { status = error }', "2:fg 1:ad"],
    ['{ name = "a" } || { name = "g" }', "2:g 1:a"],
    ['{ name = "a" } || { name = "nobody" }', "1:a"],
    ['{ name = "a" } && { name = "g" }', ""],
    ['{ resource.service.name = "db" } | { span.rows > 5 }', "1:cd"],
    ['({ name = "a" } | { name = "b" }) || { name = "e" }', "1:e"],
    ['{ resource.service.name = "shop" } && !{ status = error }', "4:j"],
    ['!{ resource.service.name = "db" }', "2:f"],
    ['!{ resource.service.name = "shop" }', "3:h"],
    ['!{ name = "h" } && !{ name = "j" } && !{ name = "f" }', "1:a"],
  ])("%s", async (query, expected) => {
    expect(await found(query)).toBe(expected);
  });
});

describe("structure", () => {
  test.each([
    ['{ resource.service.name = "shop" } > { resource.service.name = "cart" }', "2:g 1:b"],
    ['{ resource.service.name = "shop" } >> { resource.service.name = "db" }', "4:l 1:cd"],
    ['{ resource.service.name = "db" } < { resource.service.name = "cart" }', "3:h 1:b"],
    ['{ resource.service.name = "db" } << { resource.service.name = "shop" }', "4:j 1:a"],
    ['{ name = "c" } ~ { }', "1:d"],
    ['{ name = "j" } ~ { }', "4:k"],
    ['{ resource.service.name = "shop" } !>> { resource.service.name = "db" }', "3:i"],
    ['{ resource.service.name = "shop" } !> { resource.service.name = "cart" }', "4:k 3:h"],
    ['{ resource.service.name = "db" } !< { resource.service.name = "cart" }', "4:k 2:g"],
    ['{ status = error } !<< { resource.service.name = "shop" }', "4:j"],
    ['{ } !~ { resource.service.name = "mail" }', ""],
    ['{ name = "a" } !~ { resource.service.name = "cart" }', "4:k 3:h 2:g 1:b"],
    ['{ resource.service.name = "shop" } &>> { status = error }', "2:fg 1:ad"],
    ['{ resource.service.name = "db" } &< { resource.service.name = "cart" }', "3:hi 1:bcd"],
    ['{ resource.service.name = "db" } &~ { status = error }', "1:cd"],
    ['{ name = "a" } > { name = "b" } > { resource.service.name = "db" }', "1:cd"],
    ['({ name = "a" } && { name = "b" }) > { }', "1:bcde"],
    ['{ name = "nobody" } !> { name = "a" }', "1:a"],
    ['{ name = "nobody" } > { name = "a" }', ""],
    ["{ nestedSetParent < 0 }", "4:jk 2:f 1:a"],
    ["{ nestedSetLeft = 0 }", "3:hi"],
    ['{ nestedSetRight - nestedSetLeft = 1 && resource.service.name = "db" }', "4:l 1:cd"],
    ["{ span:childCount >= 2 }", "1:ab"],
  ])("%s", async (query, expected) => {
    expect(await found(query)).toBe(expected);
  });
});

describe("parents, roots and traces", () => {
  test.each([
    ["{ parent.span.items = span.items }", "1:b"],
    ['{ parent.name = "b" && span.rows > 8 }', "1:d"],
    ['{ parent.resource.service.name = "shop" && status = error }', "2:g"],
    ['{ !(parent.resource.service.name = "shop") && resource.service.name = "cart" }', "4:k 3:h"],
    ["{ parent.duration > 10 * duration }", "1:e"],
    ['{ parent.name =~ "[ab]" && name =~ "[c-e]" }', "1:cde"],
    ['{ parent.user = nil && resource.service.name = "db" }', "4:l 3:i"],
    ["{ parent.user != nil }", "1:cd"],
    ["{ root.span.items = 3 && status = error }", "1:d"],
    ['{ trace:rootName = "f" }', "2:fg"],
    ['{ trace:rootService = "shop" && name = "k" }', "4:k"],
    ['{ rootName =~ "[aj]" && resource.service.name = "db" }', "4:l 1:cd"],
    ["{ trace:duration > 100ms }", "2:fg"],
    ["{ trace:duration >= 100ms && status = error }", "2:g 1:d"],
    ["{ trace:duration < 35ms && span:childCount = 0 }", "4:kl 3:i"],
    ['{ trace:duration > 100ms || name = "k" }', "4:k 2:fg"],
    ['{ parent.name = "a" || name = "a" }', "1:abe"],
  ])("%s", async (query, expected) => {
    expect(await found(query)).toBe(expected);
  });
});

test("conditions on events are about one event in a conjunction, about any in a filter with an ||", async () => {
  const tenant = "events";
  const events = [
    { name: "x", attributes: { n: 1n } },
    { name: "y", attributes: { n: 2n } },
  ];
  await storeSpans(store, tenant, [{ ...span("1", "a", undefined, "shop", 0n, 1n), events }]);
  const apart = 'event:name = "x" && event.n = 2';
  expect(await found(`{ ${apart} && nestedSetLeft = 1 }`, { tenant })).toBe("");
  expect(await found('{ event:name = "x" && nestedSetLeft = 1 && event.n = 1 }', { tenant })).toBe(
    "1:a",
  );
  expect(await found(`{ (${apart}) || nestedSetLeft = 5 }`, { tenant })).toBe("1:a");
  expect(await found(`{ (${apart} && nestedSetLeft = 1) || span.no = 1 }`, { tenant })).toBe("1:a");
});

test.each([
  ['{ event:name = "y" } | select(event.n)', "y 2"],
  ['{ event.n > 1 && event:name != "z" } | select(event:name)', "2 y"],
  ['{ event:name = "y" && nestedSetLeft = 1 } | select(event.n)', "y 2"],
  ["{ } | select(event:name, event.n)", "x 1"],
  ['{ event:name = "z" } | select(event.n)', "z"],
  ['{ event:name = "y" || event:name = "z" } | select(event.n)', "x 1"],
  ['{ link.why = "b" } | select(link:spanID)', "b 0000000000000002"],
])("of several events the one that was asked for is shown: %s", async (query, expected) => {
  const tenant = "shown events";
  const events = [
    { name: "x", attributes: { n: 1n } },
    { name: "y", attributes: { n: 2n } },
    { name: "z" },
  ];
  const links = [
    { span: "1", attributes: { why: "a" } },
    { span: "2", attributes: { why: "b" } },
  ];
  await storeSpans(store, tenant, [
    { ...span("1", "a", undefined, "shop", 0n, 1n), events, links },
  ]);
  const { traces } = await ask(query, { tenant });
  const values = traces[0]?.spansets[0]?.spans[0]?.values ?? [];
  const texts = values.flatMap(({ name, value }) =>
    name !== "nestedSetLeft" && "value" in value && typeof value.value === "string"
      ? [value.value]
      : [],
  );
  expect(texts.join(" ")).toBe(expected);
});

describe("aggregates and groups", () => {
  test.each([
    ["{ } | count() > 3", "1:abcde"],
    ["count() = 2", "3:hi 2:fg"],
    ["{ } | count() < 3", "3:hi 2:fg"],
    ['{ resource.service.name = "db" } | count() >= 2', "1:cd"],
    ['{ resource.service.name = "db" } | sum(span.rows) > 10', "1:cd"],
    ["{ } | avg(duration) > 300ms", "2:fg"],
    ["{ } | max(duration) > 50ms | min(duration) < 10ms", "1:abcde"],
    ["{ } | avg(span.rows) = 8", "1:abcde"],
    ["{ } | max(duration) > 4 * avg(duration)", ""],
    ["{ } | max(duration) > 2 * avg(duration)", "1:abcde"],
    ["{ } | max(span.rows) - min(span.rows) = 2", "1:abcde"],
    [
      '({ resource.service.name = "db" } | count()) > ({ resource.service.name = "shop" } | count())',
      "3:hi 1:abcde",
    ],
    ['({ resource.service.name = "db" } | count() > 1) && { status = error }', "1:cd"],
    ["{ } | by(resource.service.name) | count() > 1", "1:cd"],
    ['{ name =~ "[a-e]" } | by(resource.service.name)', "1:a|b|cd|e"],
    ['{ name =~ "[a-e]" } | by(resource.service.name) | { duration > 15ms }', "1:a|b|d"],
    ['{ name =~ "[a-e]" } | by(resource.service.name) | coalesce()', "1:abcde"],
    ['{ name =~ "[a-e]" } | by(duration > 15ms)', "1:abd|ce"],
    ['{ name =~ "[a-e]" } | by(parent.name)', "1:a|be|cd"],
    ["by(span.user) | count() = 1", "2:f|g 1:b"],
    ["{ .missing != nil } | count() < 5", ""],
    ["{ } | sum(.missing) > 0", ""],
  ])("%s", async (query, expected) => {
    expect(await found(query)).toBe(expected);
  });

  test("spansets carry what by() and aggregates found, spans the values of what the query names", async () => {
    const { traces } = await ask(
      '{ resource.service.name = "db" } | by(parent.name) | count() > 1 | avg(span.rows) > 2 | select(root.span.items, span:childCount, trace:duration, parent.user)',
    );
    expect(traces).toHaveLength(1);
    const [spanset] = traces[0]?.spansets ?? [];
    expect(spanset?.matched).toBe(2);
    expect(spanset?.values).toEqual([
      { name: "by(parent.name)", value: { type: "string", value: "b" } },
      { name: "count()", value: { type: "int", value: "2" } },
      { name: "avg(span.rows)", value: { type: "float", value: 8 } },
    ]);
    expect(spanset?.spans[1]).toEqual({
      spanId: idOf("d").padStart(16, "0"),
      name: "d",
      startUnixNano: String(NOON + 35n * MS),
      durationNano: String(20n * MS),
      values: [
        { name: "resource.service.name", value: { type: "string", value: "db" } },
        { name: "parent.name", value: { type: "string", value: "b" } },
        { name: "span.rows", value: { type: "int", value: "9" } },
        { name: "root.span.items", value: { type: "int", value: "3" } },
        { name: "span:childCount", value: { type: "int", value: "0" } },
        { name: "trace:duration", value: { type: "duration", value: String(100n * MS) } },
        { name: "parent.user", value: { type: "string", value: "u1" } },
      ],
    });
  });

  test("values of parents and roots are shown though the query itself looks at neither", async () => {
    const { traces } = await ask("{ span.rows = 9 } | by(kind) | select(parent.name, root.name)");
    expect(traces[0]?.spansets[0]?.spans[0]?.values).toEqual([
      { name: "span.rows", value: { type: "int", value: "9" } },
      { name: "kind", value: { type: "kind", value: "internal" } },
      { name: "parent.name", value: { type: "string", value: "b" } },
      { name: "root.name", value: { type: "string", value: "a" } },
    ]);
  });

  test("an aggregate that is asked for again after more was filtered has both its values", async () => {
    const { traces } = await ask("{ } | count() >= count() | { span.rows > 0 } | count() > 1");
    const [spanset] = traces[0]?.spansets ?? [];
    expect(spanset?.values).toEqual([
      { name: "count()", value: { type: "int", value: "5" } },
      { name: "count()", value: { type: "int", value: "2" } },
    ]);
  });

  test("a trace shows its extent, its root and its services", async () => {
    const { traces } = await ask('{ name = "a" } >> { name = "d" }');
    expect(traces).toMatchObject([
      {
        traceId: "1".padStart(32, "0"),
        startUnixNano: String(NOON),
        durationNano: String(100n * MS),
        rootService: "shop",
        rootName: "a",
        spanCount: 5,
        errorCount: 1,
        services: {
          cart: { spans: 1, errors: 0 },
          db: { spans: 2, errors: 1 },
          mail: { spans: 1, errors: 0 },
          shop: { spans: 1, errors: 0 },
        },
      },
    ]);
    expect((await ask('{ name = "h" } > { }')).traces[0]).not.toHaveProperty("rootService");
  });

  test("as many spans of a spanset are shown as asked for, the first by start, and all are counted", async () => {
    const { traces } = await ask("{ } | count() > 3", { spansPerSpanset: 2 });
    expect(shape(traces)).toBe("1:ab");
    expect(traces[0]?.spansets[0]?.matched).toBe(5);
  });
});

describe("time", () => {
  test("a trace is in the answer when its result has a span in the range, and is seen whole", async () => {
    const tenant = "times";
    const at = (
      trace: string,
      name: string,
      parent: string | undefined,
      start: bigint,
    ): JsonSpan => ({
      ...span(trace, name, parent, name, 0n, 1n),
      start,
    });
    await storeSpans(store, tenant, [
      at("1", "a", undefined, 0n),
      at("1", "b", "a", 20n * MINUTE),
      at("2", "a", undefined, 30n * MINUTE),
      at("2", "b", "a", 31n * MINUTE),
      at("3", "b", undefined, 32n * MINUTE),
    ]);
    const range = { startNano: NOON + 10n * MINUTE, endNano: NOON + 40n * MINUTE };
    const query = '{ name = "a" } > { name = "b" }';
    expect(await found(query, { tenant, range })).toBe("2:b 1:b");
    expect(await found('{ name = "b" } < { name = "a" }', { tenant, range })).toBe("2:a");
    expect(await found('{ name = "b" } && !{ name = "a" }', { tenant, range })).toBe("3:b");
    expect(await found("{ } | count() = 2", { tenant, range })).toBe("2:ab 1:ab");
    expect(await found("{ trace:duration > 15m }", { tenant, range })).toBe("1:ab");
    const early = { startNano: NOON, endNano: NOON + 10n * MINUTE };
    expect(await found(query, { tenant, range: early })).toBe("");
    expect(await found('{ name = "a" } && { name = "b" }', { tenant, range: early })).toBe("1:ab");
  });

  for (const sort of ["newest", "slowest"] as const) {
    test(`paging through the ${sort} shows every trace once and in order`, async () => {
      const tenant = `pages-${sort}`;
      const made: JsonSpan[] = [];
      const expected: { trace: number; value: bigint }[] = [];
      for (let trace = 1; trace <= 60; trace++) {
        let value = 0n;
        for (let child = 1; child <= 6; child++) {
          const number = trace * 7 + child;
          const start = BigInt((number * 7919) % 50) * SECOND * BigInt(1 + (trace % 30));
          const duration = BigInt((number * 104_729) % 9) * MS;
          const key = sort === "newest" ? NOON + start : duration;
          // Spans without a parent match one side only, and are often the newest and the slowest.
          const isChild = child < 4;
          if (isChild && key > value) value = key;
          made.push({
            ...span(trace.toString(16), "c", isChild ? "p" : undefined, "db", 0n, 0n),
            span: (16 + child).toString(16),
            start,
            duration,
          });
        }
        made.push({ ...span(trace.toString(16), "p", undefined, "shop", 0n, 1n) });
        expected.push({ trace, value });
      }
      await storeSpans(store, tenant, made);
      expected.sort((a, b) =>
        a.value === b.value ? b.trace - a.trace : a.value < b.value ? 1 : -1,
      );
      const seen: number[] = [];
      let cursor: string | undefined;
      do {
        const page = await ask('{ name = "p" } > { name = "c" }', {
          tenant,
          sort,
          limit: 7,
          ...(cursor === undefined ? {} : { cursor }),
        });
        seen.push(...page.traces.map(({ traceId }) => Number.parseInt(traceId, 16)));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(expected.map(({ trace }) => trace));
    });
  }
});

describe("what is hostile or too much", () => {
  test("odd texts in names, keys and values are data", async () => {
    const tenant = "hostile";
    const quoted = JSON.stringify(HOSTILE).replaceAll("\\u0000", "\\x00");
    await storeSpans(store, tenant, [
      { ...span("1", "a", undefined, HOSTILE, 0n, 1n, { [HOSTILE]: HOSTILE }), name: HOSTILE },
      span("1", "b", "a", "db", 1n, 1n, { [HOSTILE]: HOSTILE }),
    ]);
    const attribute = `span.${JSON.stringify("it's \" \\ {x:String}")}`;
    expect(await found(`{ ${attribute} = parent.name } > { }`, { tenant })).toBe("");
    const { traces } = await ask(
      `{ name = ${quoted} } > { name = "b" } | by(parent.name) | select(parent.resource.service.name)`,
      { tenant },
    );
    expect(traces[0]?.services).toMatchObject({ [HOSTILE]: { spans: 1, errors: 0 } });
    expect(traces[0]?.spansets[0]?.values).toEqual([
      { name: "by(parent.name)", value: { type: "string", value: HOSTILE } },
    ]);
    expect(traces[0]?.spansets[0]?.spans[0]?.values).toContainEqual({
      name: "parent.resource.service.name",
      value: { type: "string", value: HOSTILE },
    });
  });

  test("other tenants' spans are not seen", async () => {
    expect(await found("{ } >> { }", { tenant: "nobody" })).toBe("");
  });

  test("sizes and cursors that cannot be are refused", async () => {
    for (const options of [{ limit: 0 }, { limit: 1001 }, { spansPerSpanset: 0 }, { cursor: "x" }])
      await expect(ask("{ } >> { }", options)).rejects.toMatchObject({ code: "bad_request" });
  });

  test("a query whose asker goes while it runs ends, wherever it is", async () => {
    for (let left = 0; left < 4; left++) {
      const controller = new AbortController();
      let queries = left;
      const before = <T>(go: () => T): T => {
        if (queries-- === 0) controller.abort();
        return go();
      };
      const engine: Engine = {
        ...store.engine,
        kind: "chdb",
        readRows: (sql, options) => before(() => store.engine.readRows(sql, options)),
        readBinary: (sql, options) => before(() => store.engine.readBinary(sql, options)),
      };
      const query = parse('{ name = "a" } >> { name = "d" }') as SpansQuery;
      const asked = {
        tenant: "orders",
        range: RANGE,
        sort: "newest",
        limit: 5,
        spansPerSpanset: 3,
      } as const;
      const search = searchWholeTraces(engine, { ...asked, query }, { signal: controller.signal });
      await expect(search).rejects.toMatchObject({ code: "cancelled" });
    }
  });

  test("a question that has to look at too many traces is refused with what to do", () => {
    const budget = new ReadBudget({}, 10);
    budget.countTraces(10);
    expect(() => budget.countTraces(1)).toThrow(
      expect.objectContaining({ code: "limit_exceeded", hint: expect.stringContaining("shorter") }),
    );
  });

  test("a query whose asker has gone, or whose time is up, ends", async () => {
    const gone = AbortSignal.abort();
    await expect(ask("{ } >> { }", {}, { signal: gone })).rejects.toMatchObject({
      code: "cancelled",
    });
    await expect(ask("{ } >> { }", {}, { limits: { timeoutMs: 0.5 } })).rejects.toMatchObject({
      code: "limit_exceeded",
    });
  });
});
