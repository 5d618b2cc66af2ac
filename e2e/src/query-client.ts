// The native query API as a test asks it, and OTLP JSON answers in a form that is easy to compare.

import type { OtlpSpan, OtlpTraces } from "./otlp-json.ts";
import type { ServerProcess } from "./server-process.ts";
import { until } from "./until.ts";

/** Parameters of a query; a list repeats its name. */
export type Query = Readonly<Record<string, string | readonly string[]>>;

function queryText(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, given] of Object.entries(query)) {
    for (const value of [given].flat()) parameters.append(name, value);
  }
  return parameters.size === 0 ? "" : `?${parameters.toString()}`;
}

function unexpected(server: ServerProcess, status: number, url: string, text: string): Error {
  return new Error(`${status} at ${url}: ${text}\n${server.log.slice(-2000)}`);
}

/** The JSON answer to GET `/api/v1` + `path`. Throws when it is not a 200. */
export async function ask<T>(server: ServerProcess, path: string, query: Query = {}): Promise<T> {
  const url = `${server.url}/api/v1${path}${queryText(query)}`;
  const answer = await fetch(url);
  const text = await answer.text();
  if (answer.status !== 200) throw unexpected(server, answer.status, url, text);
  return JSON.parse(text) as T;
}

/** A span of a trace with what OTLP nests it in. */
export interface StoredSpan extends OtlpSpan {
  readonly resource: OtlpTraces["resourceSpans"][number]["resource"];
  readonly scope: OtlpTraces["resourceSpans"][number]["scopeSpans"][number]["scope"];
}

/** All spans of a trace, or undefined when the server has none of it. */
export async function findTrace(
  server: ServerProcess,
  traceId: string,
): Promise<StoredSpan[] | undefined> {
  const answer = await fetch(`${server.url}/api/v1/traces/${traceId}`);
  const text = await answer.text();
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw unexpected(server, answer.status, answer.url, text);
  const { resourceSpans } = JSON.parse(text) as OtlpTraces;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) => spans.map((span) => ({ ...span, resource, scope }))),
  );
}

/** The spans of a trace as soon as there are `count`; throws after `limitMs`. */
export function traceOf(
  server: ServerProcess,
  traceId: string,
  count = 1,
  limitMs = 5000,
): Promise<StoredSpan[]> {
  return until(`trace ${traceId} has ${count} spans`, limitMs, async () => {
    const spans = await findTrace(server, traceId);
    return spans !== undefined && spans.length >= count ? spans : undefined;
  });
}
