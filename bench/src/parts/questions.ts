// The questions of part `queries`, each as many times as it is asked, with other parameters every time.
// What they ask about is drawn from the store itself: services, operations, trace ids, attribute values.

import { Draw } from "../draw.ts";
import { type Asking, ask } from "../native-api.ts";
import type { ServerProcess } from "../server-process.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** The time that the stored spans cover, milliseconds since 1970. */
export interface StoredRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** A kind of question and all its askings. */
export interface Question {
  readonly name: string;
  /** Goal for the 95th percentile, milliseconds. */
  readonly goalMs?: number;
  readonly asks: readonly Asking[];
  /** Whether an answer shows that the question found what is there. */
  readonly isFull: (answer: string) => boolean;
}

interface SearchAnswer {
  readonly traces: readonly { readonly traceId: string }[];
}

interface Endpoint {
  readonly service: string;
  readonly operation: string;
}

/** Ids of different traces from all over the range. */
async function drawTraceIds(
  server: ServerProcess,
  range: StoredRange,
  count: number,
  draw: Draw,
): Promise<string[]> {
  const ids = new Set<string>();
  for (let attempt = 0; ids.size < count && attempt < count * 4; attempt++) {
    const startMs = range.startMs + draw.unit() * (range.endMs - range.startMs - 5 * MINUTE_MS);
    const question = { startMs, endMs: startMs + 5 * MINUTE_MS, parameters: { limit: "10" } };
    const { traces } = await ask<SearchAnswer>(server, { path: "/traces", ...question });
    for (const { traceId } of traces) if (ids.size < count) ids.add(traceId);
  }
  return [...ids];
}

async function listEndpoints(server: ServerProcess, range: StoredRange): Promise<Endpoint[]> {
  const services = await ask<{ services: { service: string }[] }>(server, {
    path: "/services",
    ...range,
  });
  const lists = services.services.map(async ({ service }) => {
    const path = `/services/${encodeURIComponent(service)}/operations`;
    const answer = await ask<{ operations: Endpoint[] }>(server, { path, ...range });
    return answer.operations.slice(0, 6).map(({ operation }) => ({ service, operation }));
  });
  return (await Promise.all(lists)).flat();
}

/** Values of a string attribute in the spans of these traces, each value once. */
async function valuesIn(
  server: ServerProcess,
  traceIds: readonly string[],
  key: string,
): Promise<string[]> {
  const pattern = new RegExp(`"key":"${key}","value":\\{"stringValue":"([^"]+)"`, "g");
  const values = new Set<string>();
  for (const id of traceIds) {
    const text = JSON.stringify(await ask(server, { path: `/traces/${id}` }));
    for (const [, value] of text.matchAll(pattern)) values.add(value ?? "");
  }
  return [...values];
}

function hasTraces(answer: string): boolean {
  return (JSON.parse(answer) as SearchAnswer).traces.length > 0;
}

/** Makes every question `count` times; `traceCount` trace ids are asked for. */
export async function makeQuestions(
  server: ServerProcess,
  range: StoredRange,
  count: number,
  traceCount: number,
): Promise<Question[]> {
  const draw = new Draw(20);
  const ids = await drawTraceIds(server, range, traceCount, draw);
  const endpoints = await listEndpoints(server, range);
  const rare = await valuesIn(server, ids, "app.correlation.id");
  const times = (make: (index: number) => Asking): Asking[] =>
    Array.from({ length: count }, (_, index) => make(index));
  // A day that ends a little earlier every time: no answer can be one that is remembered.
  const day = (index: number): StoredRange => {
    return { startMs: range.startMs, endMs: range.endMs - index * MINUTE_MS };
  };
  const search = (given: Partial<Asking>): Asking => ({ path: "/traces", ...given });
  const byAttribute = (value: (index: number) => string): Asking[] =>
    times((index) => search({ ...day(index), parameters: { attribute: value(index) } }));
  const hourOf = (parameters: Readonly<Record<string, string>>): Asking => {
    const startMs = range.startMs + draw.unit() * (range.endMs - range.startMs - HOUR_MS);
    return search({ startMs, endMs: startMs + HOUR_MS, parameters });
  };
  const serviceOf = (index: number): string => endpoints[index % endpoints.length]?.service ?? "";
  const ofDay = (
    path: string,
    parameters: (index: number) => Record<string, string> = () => ({}),
  ) => times((index) => ({ path, ...day(index), parameters: parameters(index) }));
  return [
    {
      name: "trace by id, any age",
      goalMs: 30,
      asks: ids.map((id) => ({ path: `/traces/${id}` })),
      isFull: (answer) => answer.includes("spanId"),
    },
    {
      name: "newest 50 of a service's operation in an hour",
      goalMs: 60,
      asks: times(() => hourOf({ ...draw.from(endpoints), limit: "50", sort: "newest" })),
      isFull: hasTraces,
    },
    {
      name: "a value that one span of the day has (app.correlation.id)",
      goalMs: 300,
      asks: byAttribute(() => `app.correlation.id=${draw.from(rare)}`),
      isFull: hasTraces,
    },
    {
      name: "a value that no span of the day has",
      goalMs: 300,
      asks: byAttribute((index) => `app.correlation.id=none-of-${index}-is-there`),
      isFull: (answer) => !hasTraces(answer),
    },
    {
      name: "a value that many spans have (app.tier, app.region)",
      goalMs: 300,
      asks: byAttribute((index) =>
        index % 2 === 0
          ? `app.tier=${draw.from(["standard", "plus", "trade"])}`
          : `app.region=${draw.from(["coast", "midlands", "highlands", "islands"])}`,
      ),
      isFull: hasTraces,
    },
    {
      name: "slowest 50 of a value that many spans have",
      asks: times((index) =>
        search({
          ...day(index),
          parameters: { attribute: `app.tier=${draw.from(["plus", "trade"])}`, sort: "slowest" },
        }),
      ),
      isFull: hasTraces,
    },
    {
      name: "a number that many spans have (app.cart.items)",
      goalMs: 300,
      asks: byAttribute((index) => `app.cart.items=${index % 30}`),
      isFull: hasTraces,
    },
    {
      name: "services of a day with their rates, errors, durations",
      goalMs: 50,
      asks: ofDay("/services"),
      isFull: (answer) => answer.includes("p99Nano"),
    },
    {
      name: "rate, errors, durations of all over a day",
      goalMs: 50,
      asks: ofDay("/red"),
      isFull: (answer) => answer.includes("p99Nano"),
    },
    {
      name: "rate, errors, durations of a service over a day",
      goalMs: 50,
      asks: ofDay("/red", (index) => ({ service: serviceOf(index * 7) })),
      isFull: (answer) => answer.includes("p99Nano"),
    },
    {
      name: "heat map of a service over a day",
      goalMs: 50,
      asks: ofDay("/heatmap", (index) => ({ service: serviceOf(index * 7) })),
      isFull: (answer) => answer.includes("counts"),
    },
    {
      name: "service map of a day",
      goalMs: 50,
      asks: ofDay("/service-map"),
      isFull: (answer) => answer.includes("target"),
    },
    {
      name: "values of an attribute over a day",
      goalMs: 50,
      asks: times((index) => {
        const keys = ["app.tier", "app.depot", "http.route", "db.operation.name", "app.user.id"];
        return { path: `/attributes/${keys[index % keys.length]}/values`, ...day(index) };
      }),
      isFull: (answer) => answer.includes("count"),
    },
  ];
}
