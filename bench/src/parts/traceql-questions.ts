// TraceQL over a day of stored spans, each query asked many times with other values, so that no answer is one
// that is remembered. The plans are in docs/adr: single spans, whole traces, metrics by rollup and by scan.

import { Draw } from "../draw.ts";
import { type Asking, ask } from "../native-api.ts";
import type { ServerProcess } from "../server-process.ts";
import type { Question, StoredRange } from "./questions.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_STEP = "3m";

interface Wanted {
  readonly name: string;
  readonly goalMs?: number;
  /** Below `/traceql`; `search` unless given. */
  readonly route?: "search" | "metrics" | "tag-values" | "tags";
  readonly hours?: number;
  readonly query: (index: number) => Readonly<Record<string, string>>;
  /** Text that a full answer has. */
  readonly has?: string;
}

const FOUND = '"spanId"';
const SERIES = '"samples"';

function wanted(services: readonly string[], draw: Draw): readonly Wanted[] {
  const service = (index: number): string => services[index % services.length] ?? "";
  return [
    {
      name: "span filter, promoted column, many match",
      goalMs: 100,
      query: (i) => ({ q: `{ span.http.response.status_code >= ${500 + (i % 4)} }` }),
      has: FOUND,
    },
    {
      name: "span filter, promoted column, none matches",
      goalMs: 100,
      query: (i) => ({ q: `{ span.http.route = "/not/there/${i}" }` }),
    },
    {
      name: "span filter, promoted numbers compared, none matches",
      goalMs: 100,
      query: (i) => ({ q: `{ span.http.response.status_code > ${600 + i} }` }),
    },
    {
      name: "span filter, service and status",
      goalMs: 100,
      query: (i) => ({ q: `{ resource.service.name = "${service(i)}" && status = error }` }),
      has: FOUND,
    },
    {
      name: "span filter, any attribute, many match",
      goalMs: 400,
      query: (i) => ({
        q: `{ .app.tier = "${draw.from(["plus", "trade"])}" && duration > ${i}us }`,
      }),
      has: FOUND,
    },
    {
      name: "span filter, any attribute, none matches",
      goalMs: 400,
      query: (i) => ({ q: `{ .app.correlation.id = "none-of-${i}" }` }),
    },
    {
      name: "span filter, any number, none matches",
      goalMs: 400,
      query: (i) => ({ q: `{ .app.cart.items > ${100_000 + i} }` }),
    },
    {
      name: "span filter, a pattern on any attribute, none matches",
      goalMs: 400,
      query: (i) => ({ q: `{ span.app.correlation.id =~ "none-of-${i}.*" }` }),
    },
    {
      name: "span filter, events, none matches",
      goalMs: 400,
      query: (i) => ({ q: `{ event:name = "none-of-${i}" }` }),
    },
    {
      name: "slowest of any attribute",
      query: (i) => ({ q: `{ .app.tier = "plus" && duration > ${i}us }`, sort: "slowest" }),
      has: FOUND,
    },
    {
      name: "structure, an hour",
      goalMs: 400,
      hours: 1,
      query: (i) => ({
        q: `{ resource.service.name = "${service(i)}" } >> { status = error && duration > ${i}us }`,
      }),
    },
    {
      name: "structure, a day",
      goalMs: 2000,
      query: (i) => ({
        q: `{ resource.service.name = "${service(i)}" } >> { status = error && duration > ${i}us }`,
      }),
    },
    {
      name: "structure that nothing has, a day",
      goalMs: 2000,
      query: (i) => ({ q: `{ status = error } >> { span.app.user.id = "none-of-${i}" }` }),
    },
    {
      name: "aggregate, a day",
      query: (i) => ({ q: `{ status = error } | count() > ${1 + (i % 3)}` }),
    },
    {
      name: "rate() by service, from rollups, a day",
      goalMs: 100,
      route: "metrics",
      query: () => ({ q: "{ } | rate() by(resource.service.name)", step: DAY_STEP }),
      has: SERIES,
    },
    {
      name: "rate() by service, by scan, a day",
      goalMs: 500,
      route: "metrics",
      query: (i) => ({
        q: `{ duration > ${i}ns } | rate() by(resource.service.name)`,
        step: DAY_STEP,
      }),
      has: SERIES,
    },
    {
      name: "rate(), by scan, a day",
      route: "metrics",
      query: (i) => ({ q: `{ duration > ${i}ns } | rate()`, step: DAY_STEP }),
      has: SERIES,
    },
    {
      name: "rate() by a promoted attribute, a day",
      goalMs: 500,
      route: "metrics",
      query: () => ({ q: "{ } | rate() by(span.http.route)", step: DAY_STEP }),
      has: SERIES,
    },
    {
      name: "rate() by any attribute, a day",
      route: "metrics",
      query: () => ({ q: "{ } | rate() by(span.app.tier)", step: DAY_STEP }),
      has: SERIES,
    },
    {
      name: "quantile_over_time(duration, .99) by(name), a day",
      goalMs: 800,
      route: "metrics",
      query: () => ({ q: "{ } | quantile_over_time(duration, .99) by(name)", step: DAY_STEP }),
      has: SERIES,
    },
    {
      name: "compare(), an hour",
      goalMs: 500,
      route: "metrics",
      hours: 1,
      query: () => ({ q: "{ } | compare({ status = error })", instant: "true" }),
      has: SERIES,
    },
    {
      name: "values of an attribute",
      goalMs: 50,
      route: "tag-values",
      query: (i) => ({ field: ["span.app.tier", "name", ".http.route"][i % 3] ?? "name" }),
      has: '"count"',
    },
    {
      name: "values of an attribute among filtered spans",
      goalMs: 50,
      route: "tag-values",
      query: (i) => ({
        field: ["name", "resource.service.name", "span.http.route"][i % 3] ?? "name",
        filter: `{ status = error && duration > ${i}us }`,
      }),
      has: '"count"',
    },
    { name: "names of attributes", goalMs: 50, route: "tags", query: () => ({}), has: "names" },
  ];
}

/** Every query `count` times. */
export async function traceqlQuestions(
  server: ServerProcess,
  range: StoredRange,
  count: number,
): Promise<Question[]> {
  const draw = new Draw(30);
  const { services } = await ask<{ services: { service: string }[] }>(server, {
    path: "/services",
    ...range,
  });
  const names = services.map(({ service }) => service);
  return wanted(names, draw).map(({ name, goalMs, route = "search", hours = 24, query, has }) => ({
    name,
    ...(goalMs === undefined ? {} : { goalMs }),
    asks: Array.from({ length: count }, (_, index): Asking => {
      // Whole days end a little earlier every time; hours lie anywhere.
      const startMs =
        hours === 24
          ? range.startMs
          : range.startMs + draw.unit() * (range.endMs - range.startMs - hours * HOUR_MS);
      const endMs = hours === 24 ? range.endMs - index * MINUTE_MS : startMs + hours * HOUR_MS;
      return { path: `/traceql/${route}`, startMs, endMs, parameters: query(index) };
    }),
    isFull: (answer) => has === undefined || answer.includes(has),
  }));
}
