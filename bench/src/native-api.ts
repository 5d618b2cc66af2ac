// The native query API as a client asks it: one question at a time over a connection that stays open.

import type { ServerProcess } from "./server-process.ts";

/** Parameters of a question; times in milliseconds since 1970 become `start` and `end`. */
export interface Asking {
  readonly path: string;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Path and query string of a question under `/api/v1`. */
export function pathOf({ path, startMs, endMs, parameters }: Asking): string {
  const query = new URLSearchParams(parameters);
  if (startMs !== undefined) query.set("start", `${Math.round(startMs)}000000`);
  if (endMs !== undefined) query.set("end", `${Math.round(endMs)}000000`);
  return query.size === 0 ? `/api/v1${path}` : `/api/v1${path}?${query.toString()}`;
}

/** An answer as text, with the milliseconds from the request to its last byte. */
export interface TimedAnswer {
  readonly ms: number;
  readonly text: string;
}

/** Asks and takes the time. Throws when the answer is not a 200. */
export async function askTimed(server: ServerProcess, asking: Asking): Promise<TimedAnswer> {
  const path = pathOf(asking);
  const start = performance.now();
  const answer = await fetch(server.url + path);
  const text = await answer.text();
  const ms = performance.now() - start;
  if (answer.status === 200) return { ms, text };
  throw new Error(`${answer.status} at ${path}: ${text.slice(0, 500)}`);
}

/** The JSON answer to a question. Throws when it is not a 200. */
export async function ask<T>(server: ServerProcess, asking: Asking): Promise<T> {
  return JSON.parse((await askTimed(server, asking)).text) as T;
}
