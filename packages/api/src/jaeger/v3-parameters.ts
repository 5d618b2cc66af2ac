// The parameters of /api/v3's search: `query.serviceName` and so on, each with a deprecated snake_case name;
// in the body of a POST the same names below `query`. Times are RFC 3339 and required.

import { ClewError } from "@clew/base";
import type { SpanFilter, TimeRange } from "@clew/model";
import type { LooseQuery } from "../http/loose-query.ts";
import { goDuration, rfc3339 } from "./go-syntax.ts";
import { checkDurations, durationFilter, traceLimit } from "./search-parameters.ts";
import { readTags, tagFilter } from "./tags.ts";

export interface V3Search {
  readonly range: TimeRange;
  readonly filter: SpanFilter;
  readonly limit: number;
}

/** The value of a search parameter by its name in camelCase. */
export type Lookup = (name: string) => string | undefined;

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Parameters of a query string. */
export function fromQuery(query: LooseQuery): Lookup {
  return (name) =>
    query.one(`query.${name}`) ??
    query.one(`query.${snake(name)}`) ??
    (name === "searchDepth" ? query.one("query.num_traces") : undefined);
}

/** Parameters of a JSON body. Raises `bad_request` when it has no `query`. */
export function fromBody(body: unknown): Lookup {
  const query = isObject(body) ? body["query"] : undefined;
  if (!isObject(query)) throw new ClewError("bad_request", "missing query");
  return (name) => {
    const value = query[name] ?? query[snake(name)];
    if (value === undefined || value === null || value === "") return undefined;
    return typeof value === "string" ? value : JSON.stringify(value);
  };
}

/** What a v3 search asks for. Raises `bad_request`. */
export function readV3Search(given: Lookup): V3Search {
  if (given("filter") !== undefined) {
    throw new ClewError("unimplemented", "query.filter: structured filters are not served", {
      hint: "use query.serviceName, query.operationName, query.attributes and durations",
    });
  }
  const range = readRange(given);
  const service = given("serviceName");
  const operation = given("operationName");
  const attributes = given("attributes");
  const minNano = duration(given, "durationMin");
  const maxNano = duration(given, "durationMax");
  checkDurations(minNano, maxNano, "query.durationMax", "query.durationMin");
  const filter: SpanFilter = {
    ...(service === undefined ? {} : { service }),
    ...(operation === undefined ? {} : { operation }),
    ...durationFilter(minNano, maxNano),
    ...tagFilter(attributes === undefined ? [] : readTags(attributes)),
  };
  return { range, filter, limit: traceLimit(given("searchDepth"), "query.searchDepth") };
}

function readRange(given: Lookup): TimeRange {
  const least = given("startTimeMin");
  const most = given("startTimeMax");
  if (least === undefined || most === undefined) {
    const both = "query.startTimeMin and query.startTimeMax are required";
    throw new ClewError("bad_request", both);
  }
  const startNano = readTime("query.startTimeMin", least);
  const endNano = readTime("query.startTimeMax", most);
  if (startNano >= endNano) {
    const order = "query.startTimeMin must be before query.startTimeMax";
    throw new ClewError("bad_request", order);
  }
  return { startNano, endNano };
}

/** Nanoseconds of an RFC 3339 parameter. Raises `bad_request`. */
export function readTime(name: string, text: string): bigint {
  const nano = rfc3339(text);
  if (nano !== undefined) return nano;
  throw new ClewError(
    "bad_request",
    `malformed parameter ${name}: not an RFC 3339 time: ${text.slice(0, 100)}`,
  );
}

function duration(given: Lookup, name: string): bigint | undefined {
  const text = given(name);
  return text === undefined ? undefined : goDuration(`query.${name}`, text);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
