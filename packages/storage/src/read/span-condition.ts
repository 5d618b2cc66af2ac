// A span filter with its tenant and time range as the condition of a query on table `spans`.
// Conditions on resources are answered first, from the small table `resources`: what remains in the
// clause is a list of ids, or nothing, which keeps the bloom filters on span attributes usable.

import { ClewError } from "@clew/base";
import type { AttributeFilter, SpanFilter, TimeRange } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import { attributeCondition, existsCondition } from "./attribute-condition.ts";
import { mapPlaces, spanPlaces, type ValuePlaces } from "./attribute-parts.ts";
import { checkPatterns } from "./check-patterns.ts";
import { readKnownPlaces } from "./known-places.ts";
import type { ReadContext } from "./read-context.ts";
import { SqlParameters } from "./sql-parameters.ts";

/** Past this many resources the clause holds a subquery instead of their ids. */
const MAX_RESOURCE_IDS = 2000;
export const MAX_ATTRIBUTE_FILTERS = 32;
const MAX_INT64 = 2n ** 63n - 1n;
const MINUTE_NANO = 60_000_000_000n;
const MAX_MINUTE = 4294967295n;

/** The range that the store can hold: clamped to 1970..2262. */
export function storableRange(range: TimeRange): TimeRange {
  return { startNano: clamp(range.startNano), endNano: clamp(range.endNano) };
}

/** `tenant`, and `minute`, which leads the primary key, in the smallest range of minutes that holds `range`. */
export function minutesCondition(
  tenant: string,
  range: TimeRange,
  parameters: SqlParameters,
): string {
  const { startNano, endNano } = storableRange(range);
  const last = endNano === 0n ? 0n : endNano - 1n;
  const minute = (nano: bigint): string =>
    parameters.uint32(Number(nano / MINUTE_NANO > MAX_MINUTE ? MAX_MINUTE : nano / MINUTE_NANO));
  return `tenant = ${parameters.text(tenant)} AND minute >= ${minute(startNano)} AND minute <= ${minute(last)}`;
}

/** What `minutesCondition` leaves open of the half-open range; nothing at ends that are whole minutes. */
export function startConditions(range: TimeRange, parameters: SqlParameters): string[] {
  const { startNano, endNano } = storableRange(range);
  const parts: string[] = [];
  if (startNano % MINUTE_NANO !== 0n) parts.push(`start >= ${parameters.time(startNano)}`);
  if (endNano % MINUTE_NANO !== 0n || endNano <= startNano)
    parts.push(`start < ${parameters.time(endNano)}`);
  return parts;
}

/** Builds the clauses of one filter; `prepare` asks the engine what it needs to know once for all of them. */
export class SpanCondition {
  readonly #tenant: string;
  readonly #filter: SpanFilter;
  readonly #attributes: readonly PreparedFilter[];

  private constructor(tenant: string, filter: SpanFilter, attributes: readonly PreparedFilter[]) {
    this.#tenant = tenant;
    this.#filter = filter;
    this.#attributes = attributes;
  }

  /** @throws ClewError `bad_request` for filters that cannot be run. */
  static async prepare(
    engine: Engine,
    tenant: string,
    filter: SpanFilter,
    context: ReadContext,
  ): Promise<SpanCondition> {
    if (filter.attributes.length > MAX_ATTRIBUTE_FILTERS) {
      throw new ClewError(
        "bad_request",
        `at most ${MAX_ATTRIBUTE_FILTERS} attribute conditions, got ${filter.attributes.length}`,
      );
    }
    const patterns = filter.attributes.flatMap(({ operator, value = "" }) =>
      operator === "regex" ? [value] : [],
    );
    await checkPatterns(engine, patterns, context);
    const keys = filter.attributes.flatMap(({ scope, key }) => (scope === "resource" ? [] : [key]));
    const known = await readKnownPlaces(engine, tenant, keys, context);
    const prepared: PreparedFilter[] = [];
    for (const attribute of filter.attributes) {
      const places = spanPlaces(attribute.key, known.get(attribute.key));
      const resources =
        attribute.scope === "span"
          ? []
          : await matchingResources(engine, tenant, attribute, context);
      prepared.push({ attribute, places, resources });
    }
    return new SpanCondition(tenant, filter, prepared);
  }

  /**
   * The clause for spans that start inside `range`, with its keyword; more conditions can follow after AND.
   * A filter is a PREWHERE in the order of its conditions' cost: left to choose, the engine takes twice the
   * CPU. Without one everything matches, and WHERE lets ORDER BY ... LIMIT skip rows as it reads.
   */
  clause(range: TimeRange, parameters: SqlParameters): string {
    const minutes = minutesCondition(this.#tenant, range, parameters);
    const filters = this.#filters(parameters);
    const starts = startConditions(range, parameters);
    const keyword = filters.columns.length + filters.attributes.length > 0 ? "PREWHERE" : "WHERE";
    const parts = [minutes, ...filters.columns, ...starts, ...filters.attributes];
    return `${keyword} ${parts.join("\n AND ")}`;
  }

  #filters(parameters: SqlParameters): { columns: string[]; attributes: string[] } {
    const filter = this.#filter;
    const parts: string[] = [];
    if (filter.service !== undefined) parts.push(`service = ${parameters.text(filter.service)}`);
    if (filter.operation !== undefined) parts.push(`name = ${parameters.text(filter.operation)}`);
    if (filter.kind !== undefined) parts.push(`kind = ${parameters.text(filter.kind)}`);
    if (filter.status !== undefined) parts.push(`status = ${parameters.text(filter.status)}`);
    if (filter.minDurationNano !== undefined)
      parts.push(`duration >= ${parameters.int64(wholeNano(filter.minDurationNano))}`);
    if (filter.maxDurationNano !== undefined)
      parts.push(`duration <= ${parameters.int64(wholeNano(filter.maxDurationNano))}`);
    const attributes = this.#attributes.map((one) => this.#attributeClause(one, parameters));
    return { columns: parts, attributes };
  }

  #attributeClause(
    { attribute, places, resources }: PreparedFilter,
    parameters: SqlParameters,
  ): string {
    if (attribute.scope === "span") return attributeCondition(attribute, places, parameters);
    const resource = this.#resourceClause(attribute, resources, parameters);
    if (attribute.scope === "resource") return resource ?? "(0 = 1)";
    const span = attributeCondition(attribute, places, parameters);
    if (resource === undefined) return span;
    // The span's own attribute hides its resource's.
    return `(${span} OR (${resource} AND NOT ${existsCondition(attribute.key, places, parameters)}))`;
  }

  #resourceClause(
    attribute: AttributeFilter,
    ids: readonly bigint[] | undefined,
    parameters: SqlParameters,
  ): string | undefined {
    if (ids !== undefined)
      return ids.length === 0 ? undefined : `resource_id IN ${parameters.uint64s(ids)}`;
    const condition = attributeCondition(attribute, mapPlaces, parameters);
    return `resource_id IN (SELECT id FROM resources WHERE tenant = ${parameters.text(this.#tenant)} AND ${condition})`;
  }
}

interface PreparedFilter {
  readonly attribute: AttributeFilter;
  readonly places: ValuePlaces;
  /** Ids of the resources for which the condition holds; undefined when there are too many to list. */
  readonly resources: readonly bigint[] | undefined;
}

async function matchingResources(
  engine: Engine,
  tenant: string,
  attribute: AttributeFilter,
  context: ReadContext,
): Promise<readonly bigint[] | undefined> {
  const parameters = new SqlParameters();
  const condition = attributeCondition(attribute, mapPlaces, parameters);
  const rows = await engine.readRows(
    `SELECT DISTINCT id FROM resources WHERE tenant = ${parameters.text(tenant)} AND ${condition}
     LIMIT ${MAX_RESOURCE_IDS + 1}`,
    { ...context, parameters: parameters.values },
  );
  return rows.length > MAX_RESOURCE_IDS ? undefined : rows.map(([id]) => BigInt(id as string));
}

function wholeNano(nano: number): bigint {
  if (!Number.isFinite(nano) || nano < 0) {
    throw new ClewError("bad_request", "a duration is a number of nanoseconds, 0 or more");
  }
  return nano >= 2 ** 63 ? MAX_INT64 : BigInt(Math.trunc(nano));
}

function clamp(nano: bigint): bigint {
  return nano < 0n ? 0n : nano > MAX_INT64 ? MAX_INT64 : nano;
}
