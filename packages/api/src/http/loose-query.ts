// Query strings of APIs that ignore parameters they do not know, as the tools that speak them expect.

import type { FastifyRequest } from "fastify";

/** The parameters of a request. */
export interface LooseQuery {
  /** The first value, or undefined when the parameter is missing or empty. */
  one(name: string): string | undefined;
  /** All values, empty ones too. */
  all(name: string): readonly string[];
}

/** Reads the query string of `request`. */
export function looseQuery(request: FastifyRequest): LooseQuery {
  const raw = new Map(
    Object.entries(request.query as Record<string, string | readonly string[] | undefined>),
  );
  const all = (name: string): readonly string[] => [raw.get(name) ?? []].flat();
  return { all, one: (name) => all(name)[0] || undefined };
}
