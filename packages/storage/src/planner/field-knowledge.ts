// What is known of the store before field expressions become SQL: types of attribute keys, and which
// resources and scopes meet the conditions on them. Everything here only makes the SQL cheaper: without it
// all columns are looked at, and ids come from a subquery.

import type { FieldReference } from "@clew/traceql";
import type { Engine } from "../engines/engine.ts";
import type { KnownPlaces } from "../read/known-places.ts";
import type { ReadContext } from "../read/read-context.ts";
import { SqlParameters } from "../read/sql-parameters.ts";
import type { Place } from "../schema/column-types.ts";

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

/** Remembers which conditions were asked for. */
export class RecordingKnowledge implements FieldKnowledge {
  readonly #conditions = new Map<string, ContentCondition>();
  readonly #places: KnownPlaces;

  constructor(places: KnownPlaces) {
    this.#places = places;
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
    const tables = (["resources", "scopes"] as const).map((table) =>
      this.#list(table, engine, tenant, context, ids),
    );
    await Promise.all(tables);
    return {
      places: (key) => places.get(key),
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
