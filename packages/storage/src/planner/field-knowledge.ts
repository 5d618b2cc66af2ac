// What is known of the store before field expressions become SQL: types of attribute keys, and which
// resources and scopes meet the conditions on them. Everything here only makes the SQL cheaper: without it
// all columns are looked at, and ids come from a subquery.

import type { FieldReference } from "@clew/traceql";
import type { Engine } from "../engines/engine.ts";
import type { ReadContext } from "../read/read-context.ts";
import { SqlParameters } from "../read/sql-parameters.ts";
import type { Many } from "./field-references.ts";

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
  /** Types that the catalogue has seen for a span attribute; none when it knows nothing. */
  spanTypes(key: string): readonly string[];
  /** Ids of the rows for which the condition holds; undefined when they were not listed. */
  ids(condition: ContentCondition): readonly bigint[] | undefined;
  /** Whether any event or link may have this attribute. */
  mayHave(many: Many, key: string): boolean;
}

/** Types of the span attributes among the references, from the catalogue. */
export async function readSpanTypes(
  engine: Engine,
  tenant: string,
  references: readonly FieldReference[],
  context: ReadContext,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const keys = new Set<string>();
  for (const reference of references) {
    if (reference.kind !== "attribute") continue;
    if (reference.scope === "span" || reference.scope === "any") keys.add(reference.name);
  }
  if (keys.size === 0) return new Map();
  const rows = await engine.readRows(
    `SELECT key, groupUniqArray(toString(type)) FROM attribute_keys
     WHERE tenant = {tenant:String} AND scope = 'span' AND key IN {keys:Array(String)} GROUP BY key`,
    { ...context, parameters: { tenant, keys: [...keys] } },
  );
  return new Map(rows as [string, string[]][]);
}

/** Remembers which conditions were asked for. */
export class RecordingKnowledge implements FieldKnowledge {
  readonly #conditions = new Map<string, ContentCondition>();
  readonly #types: ReadonlyMap<string, readonly string[]>;

  constructor(types: ReadonlyMap<string, readonly string[]>) {
    this.#types = types;
  }

  spanTypes(key: string): readonly string[] {
    return this.#types.get(key) ?? [];
  }

  mayHave(): boolean {
    return true;
  }

  ids(condition: ContentCondition): undefined {
    this.#conditions.set(`${condition.table}:${condition.key}`, condition);
  }

  /** Asks the store for the ids of all remembered conditions, one query a table. */
  async answer(engine: Engine, tenant: string, context: ReadContext): Promise<FieldKnowledge> {
    const types = this.#types;
    const ids = new Map<string, readonly bigint[]>();
    const tables = (["resources", "scopes"] as const).map((table) =>
      this.#list(table, engine, tenant, context, ids),
    );
    await Promise.all(tables);
    return {
      spanTypes: (key) => types.get(key) ?? [],
      ids: ({ table, key }) => ids.get(`${table}:${key}`),
      mayHave: () => true,
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
