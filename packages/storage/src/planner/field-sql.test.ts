import type { FieldExpression, FieldReference, SpansetFilter } from "@clew/traceql";
import { parse } from "@clew/traceql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../contract/open-test-store.ts";
import { HOSTILE } from "../contract/store-in-hand.ts";
import { openChdbEngine } from "../engines/chdb.ts";
import { SqlParameters } from "../read/sql-parameters.ts";
import { prepareFields, typedValue } from "./field-sql.ts";
import { type JsonSpan, storeSpans } from "./sample-store.ts";

const TENANT = "fields";
const QUOTED = JSON.stringify('odd "key"\\ {x:String} ☃');

/** Each span's name is what the table below calls it. */
const spans: readonly JsonSpan[] = [
  { name: "plain" },
  {
    name: "str",
    attributes: {
      a: "x",
      "http.route": "/cart",
      b: "x",
      "service.name": "own",
      [HOSTILE]: HOSTILE,
    },
  },
  { name: "int", attributes: { a: 5n, b: 5n, c: 2n, "http.response.status_code": 500n } },
  { name: "float", attributes: { a: 5.5, b: 5n, c: 2n } },
  { name: "whole", attributes: { a: 5, b: 5n, c: 0n } },
  { name: "true", attributes: { a: true, b: true } },
  { name: "false", attributes: { a: false, b: true } },
  { name: "empty", attributes: { a: "", "http.route": "", "http.response.status_code": 0n } },
  { name: "zero", attributes: { a: 0n, "http.response.status_code": 70_000n } },
  { name: "nil", attributes: { a: undefined } },
  { name: "strings", attributes: { a: ["x", 'y/"\\'] } },
  { name: "ints", attributes: { a: [3n, 4n] } },
  { name: "floats", attributes: { a: [0.5, Number.NaN] } },
  { name: "bools", attributes: { a: [true, false] } },
  { name: "mixed", attributes: { a: ["x", 5n] } },
  { name: "large", attributes: { l: [2n ** 53n + 1n, -1n] } },
  { name: "none", attributes: { a: [] } },
  { name: "bytes", attributes: { a: Uint8Array.of(1, 2) } },
  { name: "kv", attributes: { a: { kvlist: { x: "x" } } } },
  { name: "big", attributes: { a: 2n ** 63n - 1n, b: 2n ** 63n - 2n } },
  {
    name: "resource",
    resource: {
      "service.name": "till",
      a: "x",
      zone: 7n,
      open: true,
      ratio: 0.5,
      tags: ["p", "q"],
    },
  },
  { name: "nameless", resource: { zone: "7" } },
  {
    name: "hidden",
    attributes: { a: "y" },
    resource: { "service.name": "till", a: "x" },
  },
  {
    name: "scoped",
    scope: { name: "lib", version: "1.2", attributes: { a: "x", level: 3n } },
  },
  {
    name: "evented",
    events: [
      { name: "first", after: 5n, attributes: { a: "x", n: 1n, [HOSTILE]: "v", "e/f": 1.5 } },
      { name: "second", after: 2_000_000n, attributes: { n: 2n, ok: true, list: ["p", "q"] } },
    ],
  },
  { name: "event-null", events: [{ attributes: { a: undefined, inner: { kvlist: { a: "x" } } } }] },
  {
    name: "linked",
    links: [
      { trace: "abc", span: "def", attributes: { kind: "follows", m: 1n } },
      { trace: "123", span: "456", attributes: { kind: "causes", m: 2n } },
    ],
  },
  { name: "kind", kind: 3, status: 2, message: "broken\nline", duration: 1_500_000_000n },
  { name: "ok", kind: 2, status: 1, parent: "ff" },
  { name: "ids", trace: "00ab", span: "0f00d" },
];

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
  await storeSpans(store, TENANT, spans);
  await storeSpans(store, "another", [{ name: "foreign", resource: { a: "x", zone: 7n } }]);
}, 60_000);
afterAll(() => store.close());

function conditionOf(text: string): FieldExpression {
  const query = parse(`{ ${text} }`);
  if (query.kind !== "spans") throw new Error("not about spans");
  return (query.pipeline.stages[0] as SpansetFilter).condition;
}

async function select(
  columns: (parameters: SqlParameters) => Promise<string> | string,
): Promise<unknown[][]> {
  const parameters = new SqlParameters();
  const sql = `SELECT ${await columns(parameters)} FROM spans WHERE tenant = ${parameters.text(TENANT)} ORDER BY start`;
  return await store.engine.readRows(sql, { parameters: parameters.values });
}

/** Names of the spans for which a condition holds, in the order of the table. */
async function matching(text: string): Promise<string> {
  const condition = conditionOf(text);
  const fields = await prepareFields(store.engine, TENANT, [condition], {});
  const rows = await select(
    (parameters) => `name, ${fields.condition(condition, parameters)} AS c, toTypeName(c)`,
  );
  for (const row of rows) expect(row[2]).toMatch(/^(UInt8|Bool|LowCardinality\(UInt8\))$/);
  // Unprepared, the same comes from subqueries.
  const bare = await prepareFields(store.engine, TENANT, [], {});
  const others = await select((parameters) => `name, ${bare.condition(condition, parameters)}`);
  const names = (list: unknown[][]): string =>
    list.flatMap(([name, holds]) => (Number(holds) === 1 ? [name] : [])).join(" ");
  expect(names(others)).toBe(names(rows));
  return names(rows);
}

async function valueOf(name: string, text: string): Promise<unknown> {
  const query = parse(`{ } | select(${text})`);
  const stage = query.kind === "spans" ? query.pipeline.stages[1] : undefined;
  if (stage?.kind !== "select") throw new Error("not a selection");
  const field = stage.fields[0] as FieldReference;
  const fields = await prepareFields(store.engine, TENANT, [field], {});
  const rows = await select((parameters) => {
    const typed = fields.typed(field, parameters);
    return `name, ${typed} AS t, t.type, t.text`;
  });
  const row = rows.find(([one]) => one === name);
  return typedValue(row?.[2] as string, row?.[3] as string);
}

async function numberOf(name: string, text: string): Promise<unknown> {
  const expression = conditionOf(`${text} = 1`);
  if (expression.kind !== "binary") throw new Error("not an expression");
  const fields = await prepareFields(store.engine, TENANT, [expression.left], {});
  const rows = await select((parameters) => `name, ${fields.number(expression.left, parameters)}`);
  return rows.find(([one]) => one === name)?.[1];
}

const ALL = spans.map(({ name }) => name).join(" ");
const except = (...names: string[]): string =>
  spans.flatMap(({ name = "" }) => (names.includes(name) ? [] : [name])).join(" ");

describe("a span attribute against a literal is compared in the literal's type", () => {
  test.each([
    ['span.a = "x"', "str strings"],
    ['"x" = span.a', "str strings"],
    ['span.a != "x"', "empty hidden"],
    ['span.a = ""', "empty"],
    ['span.a < "y"', "str empty strings"],
    ['span.a =~ "x|y.*"', "str strings hidden"],
    ['span.a =~ ""', "empty"],
    ['span.a !~ "x.*"', "empty hidden"],
    ["span.a = 5", "int whole"],
    ["span.a != 5", "float zero ints floats big"],
    ["span.a > 5", "float big"],
    ["5 < span.a", "float big"],
    ["span.a <= 0", "zero"],
    ["span.a >= 5.5", "float big"],
    ["span.a = 5.0", "int whole"],
    ["span.a = 5ns", "int whole"],
    ["span.a = 9223372036854775807", "big"],
    ["span.a = true", "true bools"],
    ["span.a != true", "false"],
    ["span.a", "true"],
    ["!span.a", "false"],
    ["span.a = 4", "ints"],
    ["span.l = 9007199254740993", "large"],
    ["span.l = 9007199254740992", ""],
    ["span.l < -0.5", "large"],
    ["span.a < 4", "zero ints floats"],
    ["4 > span.a", "zero ints floats"],
    [
      "span.a = nil",
      except(
        ...spans.flatMap(({ name = "", attributes }) =>
          attributes?.["a"] === undefined ? [] : [name],
        ),
      ),
    ],
    [
      "span.a != nil",
      spans
        .flatMap(({ name, attributes }) => (attributes?.["a"] === undefined ? [] : [name]))
        .join(" "),
    ],
    ['span.missing != "x"', ""],
    ['!(span.missing = "x")', ALL],
    ["span.a = error", ""],
    ['span.http.route = "/cart"', "str"],
    ['span.http.route != "/cart"', "empty"],
    ['span.http.route = ""', "empty"],
    ["span.http.route != nil", "str empty"],
    ["span.http.response.status_code >= 500", "int zero"],
    ["span.http.response.status_code < 600", "int empty"],
    ["span.http.response.status_code = 0", "empty"],
    ["span.http.response.status_code = 70000", "zero"],
    ["span.http.response.status_code != 500", "empty zero"],
  ])("{ %s }", async (text, names) => {
    expect(await matching(text)).toBe(names);
  });
});

describe("values of two fields, and arithmetic", () => {
  test.each([
    ["span.a = span.b", "str int whole true"],
    ["span.a != span.b", "float false big"],
    ["span.a > span.b", "float big"],
    ["span.a < span.b", ""],
    ["span.a + 1 > span.b", "int float whole"],
    ["span.a - span.b = 1", "big"],
    ["span.a / span.c = 2", "int"],
    ["span.a / span.c > 2.7", "float whole"],
    ["span.a % span.c = 1", "int"],
    ["span.c ^ 3 = 8", "int float"],
    ["2 ^ span.c = 4", "int float"],
    ["-span.a = -5", "int whole"],
    ["span.a * 2 = 11", "float"],
    ["duration = 500000000 * 3", "kind"],
    ["duration > 1s && kind = client", "kind"],
    ["span.a + span.missing = 5", ""],
    ["(span.a = 5) = (span.b = 5)", except("float")],
    ["span.a = resource.a", ""],
    ["resource.zone = 7", "resource"],
    ["resource.zone + 1 = 8", "resource"],
    ["resource.a = span.a || resource.a < span.a", "hidden"],
    ['name = "plain" || span.a + 0 = 5', "plain int whole"],
    ["1 = 2", ""],
    ["1 < 2ns", ALL],
    ["2 ^ 3 = 8", ALL],
    ["1 / 0 = 1", ""],
    ['"abc" =~ "a.*"', ALL],
  ])("{ %s }", async (text, names) => {
    expect(await matching(text)).toBe(names);
  });
});

describe("resource, scope and unscoped attributes", () => {
  test.each([
    ['resource.service.name = "till"', "resource hidden"],
    ['resource.service.name =~ "ti.*"', "resource hidden"],
    ['resource.a = "x"', "resource hidden"],
    ['resource.zone = "7"', "nameless"],
    ["resource.zone > 6", "resource"],
    ["resource.open", "resource"],
    ["!resource.open", ""],
    ["resource.ratio = 0.5", "resource"],
    ['resource.tags = "q"', "resource"],
    ['resource.tags != "q"', ""],
    ["resource.zone != nil", "resource nameless"],
    ['.a = "x"', "str strings resource scoped evented"],
    ['.a != "x"', "empty hidden"],
    [".a = nil", "plain nil large nameless event-null linked kind ok ids"],
    ['.service.name = "own"', "str"],
    ['.service.name = "till"', "resource hidden"],
    ['.zone = "7" || .zone = 7', "resource nameless"],
    ['instrumentation.a = "x"', "scoped"],
    ["instrumentation.level > 2", "scoped"],
    ['instrumentation:name = "lib"', "scoped"],
    ['instrumentation:version =~ "1[.].*"', "scoped"],
    ["instrumentation:version > instrumentation:name", ""],
    [".n = 2", "evented"],
    [".level + 1 = 4", "scoped"],
    ['.kind = "causes"', "linked"],
  ])("{ %s }", async (text, names) => {
    expect(await matching(text)).toBe(names);
  });
});

describe("events and links", () => {
  test.each([
    ['event:name = "second"', "evented"],
    ['event:name = "first" && event.n = 1', "evented"],
    ['event:name = "first" && event.n = 2', ""],
    ['(event:name = "first" && event.n = 2) || name = "plain"', "plain evented"],
    ["event.n = 1 && event.n = 2", ""],
    ["event:timeSinceStart > 1ms", "evented"],
    ["event:timeSinceStart > duration", "evented"],
    ['event.a = "x"', "evented"],
    ["event.a = nil", "evented event-null"],
    ["event.a != nil", "evented"],
    ["event.n > 1.5", "evented"],
    ["event.e/f = 1.5", "evented"],
    ["event.ok", "evented"],
    ['event.list = "q"', "evented"],
    ['event.list != "q"', ""],
    ["event.n + 1 = 3", "evented"],
    [".n + 1 = 3", "evented"],
    [".n * 2 = event.n + 2", "evented"],
    ["event.n + .n = 3", ""],
    [".m - 1 = event.n", ""],
    [".m = .level - 1", ""],
    ['.n = 2 && event:name = "first"', "evented"],
    ["(event.n = 2) = (event.n = 1)", except("")],
    ['event.n = link.m && event:name = "first"', ""],
    ["!(event.n = 1)", except("evented")],
    ['link:traceID = "ABC"', "linked"],
    ['link:traceID = "0abc" && link:spanID = "0456"', ""],
    ['link:traceID = "0abc" && link.m = 1', "linked"],
    ['link.kind = "causes" && link.m = 1', ""],
    ['link.kind = "causes" && event.n = 1', ""],
  ])("{ %s }", async (text, names) => {
    expect(await matching(text)).toBe(names);
  });
});

describe("intrinsics", () => {
  test.each([
    ["status = error", "kind"],
    ["status != unset", "kind ok"],
    ["kind = server", "ok"],
    ["kind != internal && kind != client", "ok"],
    ["kind = kind", ALL],
    ['name = "plain" || name = "int" || name = "ok"', "plain int ok"],
    ['name =~ "pl.*|in"', "plain"],
    ['statusMessage =~ "broken.line"', "kind"],
    ["name != nil", ALL],
    ["duration >= 1500ms", "kind"],
    ["duration = 1500000000", "kind"],
    ['trace:id = "AB"', "ids"],
    ['trace:id = "000000000000000000000000000000ab"', "ids"],
    ['trace:id = "no id"', ""],
    ['trace:id =~ ".*ab"', "ids"],
    ['trace:id = "ab" || trace:id = "2"', "str ids"],
    ['span:id = "F00D"', "ids"],
    ['span:parentID = "ff"', "ok"],
    ["span:parentID != nil", "ok"],
  ])("{ %s }", async (text, names) => {
    expect(await matching(text)).toBe(names);
  });
});

test("names and values are data, whatever is in them", async () => {
  const key = JSON.stringify(HOSTILE);
  expect(await matching(`span.${goQuoted(HOSTILE)} = ${key.replace("\\u0000", "\\x00")}`)).toBe(
    "str",
  );
  expect(await matching(`event.${goQuoted(HOSTILE)} = "v"`)).toBe("evented");
  expect(await matching(`span.${QUOTED} = "'; DROP TABLE spans --"`)).toBe("");
  expect(await matching('.a = "\\\\\' OR 1=1 --"')).toBe("");
});

test("a field that nothing has costs the store nothing", async () => {
  const conditions = [
    ".never = 1 || .never > .nowhere",
    'resource.never =~ "x"',
    ".n + .never > 1",
  ];
  for (const condition of conditions.map(conditionOf)) {
    const fields = await prepareFields(store.engine, TENANT, [condition], {});
    expect(fields.condition(condition, new SqlParameters())).toBe("0");
  }
});

test("powers inside one another are few, as the engine takes seconds for many", async () => {
  const chain = (length: number): FieldExpression =>
    conditionOf(`${Array.from({ length }, () => "span.c").join(" ^ ")} > 1`);
  await expect(prepareFields(store.engine, TENANT, [chain(17)], {})).resolves.toBeDefined();
  await expect(prepareFields(store.engine, TENANT, [chain(18)], {})).rejects.toMatchObject({
    code: "bad_request",
    hint: "at character 147",
  });
});

/** Names escape only quotes and backslashes. */
function goQuoted(name: string): string {
  return `"${name.replaceAll(/["\\]/g, "\\$&")}"`;
}

test("a malformed pattern is refused though no row could meet it", async () => {
  const condition = conditionOf('span.a =~ "x" && name = "y"');
  const broken = JSON.parse(
    JSON.stringify(condition, asText).replace('"x"', '"a)|(b"'),
  ) as FieldExpression;
  await expect(prepareFields(store.engine, TENANT, [broken], {})).rejects.toMatchObject({
    code: "bad_request",
  });
});

function asText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

test("an expression that needs the trace is refused", async () => {
  await expect(
    prepareFields(store.engine, TENANT, [conditionOf("trace:duration > 1s")], {}),
  ).rejects.toMatchObject({ code: "bad_request" });
});

describe("typed values", () => {
  test.each([
    ["str", "span.a", { type: "string", value: "x" }],
    ["int", "span.a", { type: "int", value: "5" }],
    ["float", "span.a", { type: "float", value: 5.5 }],
    ["true", ".a", { type: "bool", value: true }],
    ["nil", ".a", { type: "nil" }],
    ["empty", "span.http.response.status_code", { type: "int", value: "0" }],
    ["big", "span.a", { type: "int", value: "9223372036854775807" }],
    [
      "mixed",
      "span.a",
      {
        type: "array",
        value: [
          { type: "string", value: "x" },
          { type: "int", value: "5" },
        ],
      },
    ],
    [
      "floats",
      "span.a",
      {
        type: "array",
        value: [
          { type: "float", value: 0.5 },
          { type: "float", value: Number.NaN },
        ],
      },
    ],
    ["kv", "span.a", { type: "string", value: '{"kvlist":{"x":"x"}}' }],
    ["resource", ".a", { type: "string", value: "x" }],
    ["resource", "resource.zone", { type: "int", value: "7" }],
    ["resource", "resource.service.name", { type: "string", value: "till" }],
    ["hidden", ".a", { type: "string", value: "y" }],
    ["scoped", "instrumentation:name", { type: "string", value: "lib" }],
    ["scoped", "instrumentation.level", { type: "int", value: "3" }],
    ["evented", "event:name", { type: "string", value: "first" }],
    ["evented", "event.ok", { type: "bool", value: true }],
    ["evented", ".n", { type: "int", value: "1" }],
    ["linked", "link:traceID", { type: "string", value: "abc".padStart(32, "0") }],
    ["plain", "link:traceID", { type: "nil" }],
    ["kind", "duration", { type: "duration", value: "1500000000" }],
    ["kind", "status", { type: "status", value: "error" }],
    ["ok", "kind", { type: "kind", value: "server" }],
    ["ok", "span:parentID", { type: "string", value: "ff".padStart(16, "0") }],
  ])("%s has %s", async (name, text, value) => {
    expect(await valueOf(name, text)).toEqual(value);
  });
});

test("numbers are floats, and nothing where there is none", async () => {
  expect(await numberOf("float", "span.a")).toBe(5.5);
  expect(await numberOf("int", "span.a")).toBe(5);
  expect(await numberOf("str", "span.a")).toBeNull();
  expect(await numberOf("kind", "duration")).toBe(1.5e9);
  expect(await numberOf("int", "span.a / span.c + 0.5")).toBe(2.5);
  expect(await numberOf("resource", "resource.zone")).toBe(7);
  expect(await numberOf("evented", "event.n")).toBe(1);
});
