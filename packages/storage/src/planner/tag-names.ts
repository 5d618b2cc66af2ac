// Names of attributes by scope, for completion: from the catalogue, which counts what arrives, and from what is
// known of events and links; all of them from the newest spans where a filter is given.

import type { TagNames, TagNamesResult } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import { readAttributeKeys } from "../read/attribute-catalogue.ts";
import { MAPS } from "../read/attribute-parts.ts";
import type { ReadContext } from "../read/read-context.ts";
import { SqlParameters } from "../read/sql-parameters.ts";
import { promotedAttributes } from "../schema/promoted.ts";
import type { TagQuery } from "../traceql-reader.ts";
import { ALL_SPANS, isEverything, TagSpans, tagFilter, type WindowOfSpans } from "./tag-spans.ts";

type Scope = TagNames["scope"];

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
): Promise<TagNamesResult> {
  const started = performance.now();
  const scopes = SCOPES.filter((scope) => query.scope === undefined || scope === query.scope);
  const lists = await Promise.all(
    scopes.map(async (scope) => {
      const names = await namesOf(engine, query, scope, context);
      return { scope, names: names.slice(0, limitOf(query)) };
    }),
  );
  const plan = isEverything(query.filter) ? "catalogue" : "spans";
  return {
    scopes: lists.filter(({ names }) => names.length > 0),
    cost: { rows: 0, bytes: 0, traces: 0, milliseconds: performance.now() - started, plan },
  };
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
    return await knownNames(engine, query, scope, context);
  }
  // A filter about traces leaves the names as they are: too many are better than none.
  const filter = tagFilter(query.filter) ?? ALL_SPANS;
  const spans = await TagSpans.prepare(engine, tenant, range, filter, [], context);
  switch (scope) {
    case "span":
      return await spanNames(engine, spans, context);
    case "resource":
      return await contentNames(engine, query, "resources", context, spans);
    case "instrumentation":
      return await contentNames(engine, query, "scopes", context, spans);
    default:
      return await manyNames(engine, spans, scope, context);
  }
}

const MAP_KEYS = `arrayConcat(${MAPS.map((map) => `mapKeys(${map})`).join(", ")})`;

/** Keys of the maps, and those of the promoted columns that have a value. */
async function spanNames(
  engine: Engine,
  spans: TagSpans,
  context: ReadContext,
): Promise<readonly string[]> {
  const counted = await spans.count(
    engine,
    (newest, parameters) => {
      const promoted = promotedAttributes.map(({ key, column, type }) => {
        return `if(${column} != ${type === "string" ? "''" : "0"}, ${parameters.text(key)}, '')`;
      });
      const keys = `arrayConcat(arrayMap(k -> CAST(k, 'String'), ${MAP_KEYS}), [${promoted.join(", ")}])`;
      return countKeys(`${newest(`${keys} AS keys`)} ARRAY JOIN keys AS key`);
    },
    context,
  );
  return counted.map(({ values: [name = ""] }) => name);
}

/** Keys of events (links): those of the JSON objects that their attributes are. */
async function manyNames(
  engine: Engine,
  spans: TagSpans,
  many: "event" | "link",
  context: ReadContext,
): Promise<readonly string[]> {
  const keys = `arrayFlatten(arrayMap(a -> JSONExtractKeys(a), ${many}s.attributes)) AS keys`;
  const also = ` AND notEmpty(${many}s.attributes)`;
  const counted = await spans.count(
    engine,
    (newest) => countKeys(`${newest(keys, also)} ARRAY JOIN keys AS key`),
    context,
  );
  return counted.map(({ values: [name = ""] }) => name);
}

function countKeys(from: string): string {
  return `SELECT key, count() FROM ${from} WHERE key != '' GROUP BY key`;
}

/** Keys of the resources or scopes that spans refer to; of all of them where no spans are given. */
async function contentNames(
  engine: Engine,
  query: TagQuery,
  table: "resources" | "scopes",
  context: ReadContext,
  spans?: TagSpans,
): Promise<readonly string[]> {
  const parameters = new SqlParameters();
  let condition = `tenant = ${parameters.text(query.tenant)}`;
  if (spans !== undefined) {
    const id = table === "resources" ? "resource_id" : "scope_id";
    const ask = (newest: WindowOfSpans): string =>
      `SELECT id, count() FROM ${newest(`${id} AS id`)} GROUP BY id`;
    const ids = await spans.count(engine, ask, context);
    if (ids.length === 0) return [];
    condition += ` AND id IN ${parameters.uint64s(ids.map(({ values: [one = "0"] }) => BigInt(one)))}`;
  }
  const rows = await engine.readRows(
    `SELECT key FROM (SELECT key, count() AS uses FROM ${table} ARRAY JOIN ${MAP_KEYS} AS key
       WHERE ${condition} GROUP BY key) ORDER BY uses DESC, key`,
    { ...context, parameters: parameters.values },
  );
  return rows.map(([key]) => key as string);
}

/** Keys of events (links) that the store has seen at all. */
async function knownNames(
  engine: Engine,
  { tenant }: TagQuery,
  many: "event" | "link",
  context: ReadContext,
): Promise<readonly string[]> {
  const rows = await engine.readRows(
    `SELECT DISTINCT key FROM attribute_places
     WHERE tenant = {tenant:String} AND place = {many:String} ORDER BY key`,
    { ...context, parameters: { tenant, many } },
  );
  return rows.map(([key]) => key as string);
}

function limitOf({ limit }: TagQuery): number {
  return Math.min(MAX_NAMES, Math.max(1, Math.trunc(limit) || 1));
}
