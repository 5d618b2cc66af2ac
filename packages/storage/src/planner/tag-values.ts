// Values of a field, for completion: from rollups and the catalogue where nothing is filtered, else from the
// newest spans for which the filter holds.

import type { TagValue, TagValuesResult } from "@clew/model";
import { spanKindNames, statusCodeNames } from "@clew/model";
import type { Attribute, FieldReference, Intrinsic, SpansetExpression } from "@clew/traceql";
import type { Engine } from "../engines/engine.ts";
import { readAttributeValues } from "../read/attribute-catalogue.ts";
import type { ReadContext } from "../read/read-context.ts";
import { redRows, serviceRedRows, wholeMinutes } from "../read/rollup-source.ts";
import { SqlParameters } from "../read/sql-parameters.ts";
import type { TagQuery } from "../traceql-reader.ts";
import { isSpanLocal } from "./field-sql.ts";
import { ALL_SPANS, isEverything, TagSpans, tagFilter } from "./tag-spans.ts";
import { readMatchedSpans } from "./traces/matched-spans.ts";

export type TagValuesQuery = TagQuery & {
  readonly field: FieldReference;
  readonly prefix?: string;
};

const MAX_VALUES = 10_000;
/** Of spans that a filter about traces finds. */
const MAX_MATCHED = 100_000;

/** Most frequent first, ties by value. */
export async function readTagValues(
  engine: Engine,
  query: TagValuesQuery,
  context: ReadContext,
): Promise<TagValuesResult> {
  const started = performance.now();
  const { plan, values } = await findValues(engine, query, context);
  const milliseconds = performance.now() - started;
  return { values, cost: { rows: 0, bytes: 0, traces: 0, milliseconds, plan } };
}

async function findValues(
  engine: Engine,
  query: TagValuesQuery,
  context: ReadContext,
): Promise<{ readonly plan: string; readonly values: readonly TagValue[] }> {
  const { field } = query;
  if (field.kind === "intrinsic" && !hasValues(field)) return { plan: "catalogue", values: [] };
  if (isEverything(query.filter)) {
    const known = await knownValues(engine, query, context);
    if (known !== undefined && known.length > 0) return { plan: "catalogue", values: known };
  }
  const filter = tagFilter(query.filter);
  const isLocal = filter !== undefined && isSpanLocal(field);
  return isLocal || isRoot(field)
    ? { plan: "spans", values: await newestValues(engine, query, context) }
    : { plan: "traces", values: await matchedValues(engine, query, context) };
}

/** Numbers and ids are not suggested: each span has its own. */
function hasValues({ name }: Intrinsic): boolean {
  return (
    !name.startsWith("nestedSet") && !/(duration|childCount|timeSinceStart|:id|ID)$/i.test(name)
  );
}

function isRoot(field: FieldReference): field is Intrinsic {
  return (
    field.kind === "intrinsic" && field.name.startsWith("trace:root") && field.owner === "self"
  );
}

/** What rollups and the catalogue know; undefined for what they do not count. */
async function knownValues(
  engine: Engine,
  query: TagValuesQuery,
  context: ReadContext,
): Promise<readonly TagValue[] | undefined> {
  const { field } = query;
  if (field.kind === "intrinsic") {
    if (field.name === "span:name") return await rollupValues(engine, query, "name", context);
    if (field.name === "span:kind" || field.name === "span:status") return keywords(query, field);
    return undefined;
  }
  if (field.scope === "resource" && field.name === "service.name")
    return await rollupValues(engine, query, "service", context);
  if (field.scope !== "span" && field.scope !== "resource" && field.scope !== "any")
    return undefined;
  return await catalogueValues(engine, query, field.scope, field, context);
}

function keywords({ prefix = "" }: TagValuesQuery, { name }: Intrinsic): TagValue[] {
  const names = name === "span:kind" ? spanKindNames : statusCodeNames;
  return names
    .filter((value) => value.startsWith(prefix))
    .map((value) => ({ type: "keyword", value, count: 0 }));
}

async function rollupValues(
  engine: Engine,
  { tenant, range, prefix = "", limit }: TagValuesQuery,
  column: "name" | "service",
  context: ReadContext,
): Promise<readonly TagValue[]> {
  const parameters = new SqlParameters();
  const minutes = wholeMinutes(range);
  if (minutes.from >= minutes.to) return [];
  const columns = `${column} AS value, spans`;
  const source =
    column === "service"
      ? serviceRedRows(tenant, minutes, columns, parameters)
      : redRows(tenant, minutes, columns, "", parameters);
  const rows = await engine.readRows(
    `SELECT value, sum(spans) AS uses FROM (${source}) WHERE startsWith(value, ${parameters.text(prefix)})
     GROUP BY value ORDER BY uses DESC, value LIMIT ${limitOf(limit)}`,
    { ...context, parameters: parameters.values },
  );
  return rows.map(([value, uses]) => {
    return { type: "string", value: value as string, count: Number(uses) };
  });
}

const TYPES = { string: "string", int: "int", double: "float", bool: "bool" } as const;

async function catalogueValues(
  engine: Engine,
  { tenant, range, prefix = "", limit }: TagValuesQuery,
  scope: "span" | "resource" | "any",
  { name }: Attribute,
  context: ReadContext,
): Promise<readonly TagValue[]> {
  const asked = { tenant, range, scope, prefix, key: name, limit: limitOf(limit) };
  const values = await readAttributeValues(engine, asked, context);
  return values.flatMap(({ type, value, count }) =>
    type === "other" ? [] : [{ type: TYPES[type], value, count }],
  );
}

async function newestValues(
  engine: Engine,
  query: TagValuesQuery,
  context: ReadContext,
): Promise<readonly TagValue[]> {
  const { tenant, range, field, prefix = "", limit } = query;
  const filter = tagFilter(query.filter) ?? ALL_SPANS;
  const ofRoot = isRoot(field);
  const wanted = ofRoot ? rootField(field) : field;
  const spans = await TagSpans.prepare(engine, tenant, range, filter, [wanted], context);
  const rootsOnly = ofRoot ? " AND parent_span_id = toFixedString('', 8)" : "";
  const also = `${rootsOnly} AND arrayExists(t -> t.1 NOT IN ('nil', 'json'), all)`;
  const counted = await spans.count(
    engine,
    (newest, parameters) => `SELECT t.1, t.2 AS value, count()
      FROM ${newest(`${spans.typedOfEach(wanted, parameters)} AS all`, also)} ARRAY JOIN all AS t
      WHERE t.1 NOT IN ('nil', 'json') AND startsWith(value, ${parameters.text(prefix)})
      GROUP BY t.1, value`,
    context,
  );
  return counted.slice(0, limitOf(limit)).map(({ values: [type = "", value = ""], count }) => {
    return { type: tagType(type), value, count };
  });
}

/** A trace's root has its name and its service as any span has. */
function rootField(field: Intrinsic): FieldReference {
  const { at, text } = field;
  const own = { owner: "self", at, text } as const;
  return field.name === "trace:rootName"
    ? { kind: "intrinsic", name: "span:name", ...own }
    : { kind: "attribute", scope: "resource", name: "service.name", ...own };
}

/** Values of the spans that a filter about whole traces finds, or of fields that need the trace. */
async function matchedValues(
  engine: Engine,
  query: TagValuesQuery,
  context: ReadContext,
): Promise<readonly TagValue[]> {
  const { tenant, range, field, prefix = "", limit } = query;
  const stages = [query.filter ?? everySpan(field)];
  const asked = {
    tenant,
    range,
    pipeline: { kind: "pipeline", stages, at: field.at },
    fields: [field],
    numbers: [],
  } as const;
  const counts = new Map<string, { type: TagValue["type"]; value: string; count: number }>();
  let seen = 0;
  for await (const spans of readMatchedSpans(engine, asked, context)) {
    for (let row = 0; row < spans.length; row++) {
      const value = spans.dictionary[spans.values[0]?.[row] ?? 0];
      if (value === undefined || value.type === "nil" || value.type === "array") continue;
      const text = String(value.value);
      if (!text.startsWith(prefix)) continue;
      const key = `${value.type}:${text}`;
      const known = counts.get(key);
      if (known === undefined)
        counts.set(key, { type: tagType(value.type), value: text, count: 1 });
      else known.count++;
    }
    seen += spans.length;
    if (seen >= MAX_MATCHED) break;
  }
  return [...counts.values()]
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, limitOf(limit));
}

function everySpan({ at }: FieldReference): SpansetExpression {
  return { kind: "filter", condition: { kind: "static", type: "bool", value: true, at }, at };
}

function tagType(type: string): TagValue["type"] {
  switch (type) {
    case "int":
    case "float":
    case "bool":
    case "duration":
      return type;
    case "status":
    case "kind":
      return "keyword";
    default:
      return "string";
  }
}

function limitOf(limit: number): number {
  return Math.min(MAX_VALUES, Math.max(1, Math.trunc(limit) || 1));
}
