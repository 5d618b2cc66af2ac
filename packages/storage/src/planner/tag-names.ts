// Names of attributes by scope, for completion: from the catalogue, which counts what arrives; those of events
// and links, and all of them where a filter is given, from the newest spans.

import type { TagNames } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import { readAttributeKeys } from "../read/attribute-catalogue.ts";
import { MAPS } from "../read/attribute-parts.ts";
import type { ReadContext } from "../read/read-context.ts";
import { SqlParameters } from "../read/sql-parameters.ts";
import { promotedAttributes } from "../schema/promoted.ts";
import type { TagQuery } from "../traceql-reader.ts";
import { ALL_SPANS, isEverything, TagSpans, tagFilter } from "./tag-spans.ts";

type Scope = TagNames["scope"];

const NEWEST_SPANS = 10_000;
const MAX_NAMES = 10_000;
const SCOPES: readonly Scope[] = [
  "span",
  "resource",
  "event",
  "link",
  "instrumentation",
  "intrinsic",
];

const INTRINSICS: readonly string[] = [
  "duration",
  "kind",
  "name",
  "rootName",
  "rootServiceName",
  "status",
  "statusMessage",
  "traceDuration",
  "event:name",
  "event:timeSinceStart",
  "instrumentation:name",
  "instrumentation:version",
  "link:spanID",
  "link:traceID",
  "nestedSetLeft",
  "nestedSetParent",
  "nestedSetRight",
  "span:childCount",
  "span:id",
  "span:parentID",
  "trace:id",
];

/** Scopes in a fixed order, the most used names first; scopes without names are left out. */
export async function readTagNames(
  engine: Engine,
  query: TagQuery & { readonly scope?: Scope },
  context: ReadContext,
): Promise<readonly TagNames[]> {
  const scopes = SCOPES.filter((scope) => query.scope === undefined || scope === query.scope);
  const lists = await Promise.all(
    scopes.map(async (scope) => {
      const names = await namesOf(engine, query, scope, context);
      return { scope, names: names.slice(0, limitOf(query)) };
    }),
  );
  return lists.filter(({ names }) => names.length > 0);
}

async function namesOf(
  engine: Engine,
  query: TagQuery,
  scope: Scope,
  context: ReadContext,
): Promise<readonly string[]> {
  if (scope === "intrinsic") return INTRINSICS;
  const { tenant, range } = query;
  if (isEverything(query.filter)) {
    if (scope === "span" || scope === "resource") {
      const asked = { tenant, range, scope, prefix: "", limit: limitOf(query) };
      const keys = await readAttributeKeys(engine, asked, context);
      return [...new Set(keys.map(({ key }) => key))];
    }
    if (scope === "instrumentation") return await contentNames(engine, query, "scopes", context);
  }
  // A filter about traces leaves the names as they are: too many are better than none.
  const filter = tagFilter(query.filter) ?? ALL_SPANS;
  const spans = await TagSpans.prepare(engine, tenant, range, filter, [], context);
  switch (scope) {
    case "span":
      return await spanNames(engine, query, spans, context);
    case "resource":
      return await contentNames(engine, query, "resources", context, spans);
    case "instrumentation":
      return await contentNames(engine, query, "scopes", context, spans);
    default:
      return await manyNames(engine, query, spans, scope, context);
  }
}

const MAP_KEYS = `arrayConcat(${MAPS.map((map) => `mapKeys(${map})`).join(", ")})`;

async function spanNames(
  engine: Engine,
  query: TagQuery,
  spans: TagSpans,
  context: ReadContext,
): Promise<readonly string[]> {
  const parameters = new SqlParameters();
  const promoted = promotedAttributes.map(({ key, column, type }) => {
    return `if(${column} != ${type === "string" ? "''" : "0"}, ${parameters.text(key)}, '')`;
  });
  const keys = `arrayConcat(arrayMap(k -> CAST(k, 'String'), ${MAP_KEYS}), [${promoted.join(", ")}])`;
  const newest = spans.newest([`${keys} AS keys`], NEWEST_SPANS, parameters);
  return await readNames(engine, `${newest} ARRAY JOIN keys AS key`, query, parameters, context);
}

/** Keys of events (links): those of the JSON objects that their attributes are. */
async function manyNames(
  engine: Engine,
  query: TagQuery,
  spans: TagSpans,
  many: "event" | "link",
  context: ReadContext,
): Promise<readonly string[]> {
  const parameters = new SqlParameters();
  const keys = `arrayFlatten(arrayMap(a -> JSONExtractKeys(a), ${many}s.attributes)) AS keys`;
  const also = ` AND notEmpty(${many}s.attributes)`;
  const newest = spans.newest([keys], NEWEST_SPANS, parameters, also);
  return await readNames(engine, `${newest} ARRAY JOIN keys AS key`, query, parameters, context);
}

/** Keys of resources or scopes, of those that the spans refer to where spans are given. */
async function contentNames(
  engine: Engine,
  query: TagQuery,
  table: "resources" | "scopes",
  context: ReadContext,
  spans?: TagSpans,
): Promise<readonly string[]> {
  const parameters = new SqlParameters();
  const id = table === "resources" ? "resource_id" : "scope_id";
  const ids =
    spans === undefined
      ? ""
      : ` AND id IN (SELECT ${id} FROM ${spans.newest([id], NEWEST_SPANS, parameters)})`;
  const from = `${table} ARRAY JOIN ${MAP_KEYS} AS key WHERE tenant = ${parameters.text(query.tenant)}${ids}`;
  return await readNames(engine, from, query, parameters, context);
}

async function readNames(
  engine: Engine,
  from: string,
  query: TagQuery,
  parameters: SqlParameters,
  context: ReadContext,
): Promise<readonly string[]> {
  const rows = await engine.readRows(
    `SELECT key FROM (SELECT key, count() AS uses FROM ${from} GROUP BY key)
     WHERE key != '' ORDER BY uses DESC, key LIMIT ${limitOf(query)}`,
    TagSpans.options(context, parameters),
  );
  return rows.map(([key]) => key as string);
}

function limitOf({ limit }: TagQuery): number {
  return Math.min(MAX_NAMES, Math.max(1, Math.trunc(limit) || 1));
}
