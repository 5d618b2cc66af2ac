// What is known of the store before field expressions become SQL: types of attribute keys, and which
// resources and scopes meet the conditions on them. Everything here only makes the SQL cheaper: without it
// all columns are looked at, and ids come from a subquery.

import type { FieldReference } from "@clew/traceql";
import type { Engine } from "../engines/engine.ts";
import { MAPS, type MapName } from "../read/attribute-parts.ts";
import type { KnownPlaces } from "../read/known-places.ts";
import type { ReadContext } from "../read/read-context.ts";
import { SqlParameters } from "../read/sql-parameters.ts";
import type { Place } from "../schema/column-types.ts";
import { isService } from "./field-references.ts";

/** Past this many ids the SQL holds a subquery instead of them. */
const MAX_LISTED_IDS = 2000;

/** Tables of content that spans refer to by id. */
export type ContentTable = "resources" | "scopes";

/** A condition on a content table. `key` tells it from others; `build` writes it. */
export interface ContentCondition {
  readonly table: ContentTable;
  readonly key: string;
  readonly build: (parameters: SqlParameters) => string;
}

export interface FieldKnowledge {
  /** Where span, event and link attributes of a key lie; undefined when that was not asked. */
  places(key: string): ReadonlySet<Place> | undefined;
  /** Maps of a content table that hold an attribute; undefined when that was not asked. */
  contentMaps(table: ContentTable, name: string): ReadonlySet<MapName> | undefined;
  /** Ids of the rows for which the condition holds; undefined when they were not listed. */
  ids(condition: ContentCondition): readonly bigint[] | undefined;
}

/** Keys of the attributes among the references that lie in table `spans` itself. */
export function spanKeys(references: readonly FieldReference[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const reference of references) {
    if (reference.kind !== "attribute") continue;
    const { scope, name } = reference;
    if (scope !== "resource" && scope !== "instrumentation") keys.add(name);
  }
  return keys;
}

/** Past this many keys of a tenant's resources or scopes nothing is known of them. */
const MAX_KEYS = 5000;

/** The maps of both content tables by the keys that they hold. */
export type ContentMaps = Readonly<Record<ContentTable, KeyMaps | undefined>>;
type KeyMaps = ReadonlyMap<string, ReadonlySet<MapName>>;

const TABLES = ["resources", "scopes"] as const;

/** Asks which maps of the content tables hold which keys, so that conditions look at no others. */
export async function readContentMaps(
  engine: Engine,
  tenant: string,
  references: readonly FieldReference[],
  context: ReadContext,
): Promise<ContentMaps> {
  const asked = new Set(references.flatMap(contentTables));
  const [resources, scopes] = await Promise.all(
    TABLES.map(async (table) =>
      asked.has(table) ? await readKeyMaps(engine, tenant, table, context) : undefined,
    ),
  );
  return { resources, scopes };
}

/** The content tables that the value of a reference may lie in. A span knows its service by itself. */
function contentTables(reference: FieldReference): readonly ContentTable[] {
  if (reference.kind !== "attribute") return [];
  switch (reference.scope) {
    case "any":
      return TABLES;
    case "resource":
      return isService(reference) ? [] : ["resources"];
    case "instrumentation":
      return ["scopes"];
    default:
      return [];
  }
}

async function readKeyMaps(
  engine: Engine,
  tenant: string,
  table: ContentTable,
  context: ReadContext,
): Promise<KeyMaps | undefined> {
  const parameters = new SqlParameters();
  const keys = MAPS.map((map) => `groupUniqArrayArray(${MAX_KEYS + 1})(mapKeys(${map}))`);
  const rows = await engine.readRows(
    `SELECT ${keys.join(", ")} FROM ${table} WHERE tenant = ${parameters.text(tenant)}`,
    { ...context, parameters: parameters.values },
  );
  return keyMaps(rows[0] as string[][] | undefined);
}

function keyMaps(lists: readonly (readonly string[])[] = []): KeyMaps | undefined {
  const maps = new Map<string, Set<MapName>>();
  for (const [i, keys] of lists.entries()) {
    if (keys.length > MAX_KEYS) return undefined;
    for (const key of keys)
      maps.set(key, (maps.get(key) ?? new Set<MapName>()).add(MAPS[i] as MapName));
  }
  return maps;
}

const NOWHERE: ReadonlySet<MapName> = new Set();

/** Remembers which conditions were asked for. */
export class RecordingKnowledge implements FieldKnowledge {
  readonly #conditions = new Map<string, ContentCondition>();
  readonly #places: KnownPlaces;
  readonly #maps: ContentMaps;

  constructor(places: KnownPlaces, maps: ContentMaps) {
    this.#places = places;
    this.#maps = maps;
  }

  contentMaps(table: ContentTable, name: string): ReadonlySet<MapName> | undefined {
    const maps = this.#maps[table];
    return maps === undefined ? undefined : (maps.get(name) ?? NOWHERE);
  }

  places(key: string): ReadonlySet<Place> | undefined {
    return this.#places.get(key);
  }

  ids(condition: ContentCondition): undefined {
    this.#conditions.set(`${condition.table}:${condition.key}`, condition);
  }

  /** Asks the store for the ids of all remembered conditions, one query a table. */
  async answer(engine: Engine, tenant: string, context: ReadContext): Promise<FieldKnowledge> {
    const places = this.#places;
    const ids = new Map<string, readonly bigint[]>();
    const tables = TABLES.map((table) => this.#list(table, engine, tenant, context, ids));
    await Promise.all(tables);
    return {
      places: (key) => places.get(key),
      contentMaps: (table, name) => this.contentMaps(table, name),
      ids: ({ table, key }) => ids.get(`${table}:${key}`),
    };
  }

  async #list(
    table: ContentTable,
    engine: Engine,
    tenant: string,
    context: ReadContext,
    into: Map<string, readonly bigint[]>,
  ): Promise<void> {
    const asked = [...this.#conditions].filter(([, condition]) => condition.table === table);
    if (asked.length === 0) return;
    const parameters = new SqlParameters();
    const lists = asked.map(
      ([, { build }]) => `groupUniqArrayIf(${MAX_LISTED_IDS + 1})(id, ${build(parameters)})`,
    );
    const rows = await engine.readRows(
      `SELECT ${lists.join(",\n ")} FROM ${table} WHERE tenant = ${parameters.text(tenant)}`,
      { ...context, parameters: parameters.values },
    );
    for (const [index, [key]] of asked.entries()) {
      const list = (rows[0]?.[index] ?? []) as string[];
      if (list.length <= MAX_LISTED_IDS) into.set(key, list.map(BigInt));
    }
  }
}
