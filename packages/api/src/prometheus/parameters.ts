// Parameters of Prometheus' HTTP API, from the query string and from form bodies, and its forms of time.

import { ClewError } from "@clew/base";
import type { FastifyRequest } from "fastify";
import { parseDuration } from "../native/time.ts";

/** Steps of a range query, as in Prometheus. */
const maxPoints = 11_000;

export interface Parameters {
  one(name: string): string | undefined;
  all(name: string): readonly string[];
}

/** Those of the body and those of the query string. */
export function parametersOf(request: FastifyRequest): Parameters {
  const form = typeof request.body === "string" ? new URLSearchParams(request.body) : undefined;
  const inUrl = new URLSearchParams(request.url.split("?").slice(1).join("?"));
  const all = (name: string): readonly string[] => [
    ...(form?.getAll(name) ?? []),
    ...inUrl.getAll(name),
  ];
  return { all, one: (name) => all(name)[0] || undefined };
}

export function required(parameters: Parameters, name: string): string {
  const text = parameters.one(name);
  if (text !== undefined) return text;
  throw new ClewError("bad_request", `invalid parameter "${name}": it is missing`);
}

/** Milliseconds since 1970 of unix seconds, with or without a fraction, or of RFC 3339. */
export function timeMs(parameters: Parameters, name: string): number | undefined {
  const text = parameters.one(name);
  if (text === undefined) return undefined;
  if (/^\d{1,11}(\.\d*)?$/.test(text)) return Math.round(Number(text) * 1000);
  const isDate = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[-+]\d\d:\d\d)$/.test(text);
  const time = isDate ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) return time;
  throw invalid(name, text, "a timestamp");
}

/** Milliseconds of a step: seconds or a duration. */
function stepMs(parameters: Parameters): number {
  const text = required(parameters, "step");
  const nano = /^\d+(\.\d*)?$/.test(text) ? undefined : parseDuration(text);
  const ms = nano === undefined ? Number(text) * 1000 : Number(nano) / 1e6;
  if (Number.isNaN(ms)) throw invalid("step", text, "a duration");
  if (ms > 0) return Math.max(1, Math.round(ms));
  throw new ClewError(
    "bad_request",
    'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
  );
}

/** The times of a range query, `end` included. */
export function stepsOf(parameters: Parameters): number[] {
  required(parameters, "start");
  required(parameters, "end");
  const start = timeMs(parameters, "start") ?? 0;
  const end = timeMs(parameters, "end") ?? 0;
  if (end < start)
    throw new ClewError(
      "bad_request",
      'invalid parameter "end": end timestamp must not be before start time',
    );
  const step = stepMs(parameters);
  const points = Math.floor((end - start) / step) + 1;
  if (points > maxPoints) {
    throw new ClewError(
      "bad_request",
      `exceeded maximum resolution of ${maxPoints} points per timeseries. Try decreasing the query resolution (?step=XX)`,
    );
  }
  return Array.from({ length: points }, (_, i) => start + i * step);
}

/** Most entries of a list; 0 and none mean all. */
export function limitOf(parameters: Parameters): number {
  const text = parameters.one("limit");
  if (text === undefined) return Infinity;
  if (!/^\d{1,9}$/.test(text)) throw invalid("limit", text, "a whole number");
  return Number(text) || Infinity;
}

function invalid(name: string, text: string, what: string): ClewError {
  const shown = JSON.stringify(text.slice(0, 100));
  return new ClewError(
    "bad_request",
    `invalid parameter "${name}": cannot parse ${shown} to ${what}`,
  );
}
