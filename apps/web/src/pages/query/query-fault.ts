// What is wrong with a query, from the parser in the browser or from the server, in one shape.

import { ClewError } from "@clew/base";
import { parse, type Query, TraceqlError } from "@clew/traceql";
import { PlacedError } from "../../api/client.ts";
import type { FaultPlace } from "./editor/highlight.ts";

export interface QueryFault {
  readonly message: string;
  readonly hint?: string;
  readonly place?: FaultPlace;
}

export type QueryOrFault =
  | { readonly query: Query; readonly fault?: undefined }
  | { readonly query?: undefined; readonly fault: QueryFault };

export function readQuery(text: string): QueryOrFault {
  try {
    return { query: parse(text) };
  } catch (error) {
    if (!(error instanceof TraceqlError)) throw error;
    const { reason, expected, hint, place } = error;
    const wanted = expected.length === 0 ? "" : `; expected ${expected.slice(0, 6).join(", ")}`;
    const about = hint === undefined ? {} : { hint };
    return { fault: { message: `${reason}${wanted}`, place, ...about } };
  }
}

/** The server's error where it is about the query's text; other errors are not the query's fault. */
export function faultOfError(error: unknown): QueryFault | undefined {
  const { code, message, hint } = ClewError.from(error);
  if (code !== "bad_request") return undefined;
  // Line and column, and the excerpt with carets, are for terminals; here the place itself is underlined.
  const [first = message] = message.replace(/^\d+:\d+: /, "").split("\n");
  return {
    message: first,
    ...(hint === undefined ? {} : { hint }),
    ...(error instanceof PlacedError ? { place: error.place } : {}),
  };
}
