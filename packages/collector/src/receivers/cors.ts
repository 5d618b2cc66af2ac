// CORS (Fetch standard) for senders in browsers. Listed origins are answered by name and may send
// credentials (navigator.sendBeacon always does); "*" is answered as "*", without credentials.

import type { IncomingHttpHeaders } from "node:http";

const MAX_AGE_SECONDS = "7200";
const DEFAULT_HEADERS =
  "content-type, content-encoding, traceparent, tracestate, x-clew-tenant, x-scope-orgid";
const HEADER_LIST = /^[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,2048}$/;

/** Header names and values, one after the other, as `writeHead` takes them. */
export type HeaderList = string[];

/** Answers for the Origin header of a request. */
export interface Cors {
  /** Headers for any answer, an error included; undefined when there is nothing to add. */
  headers(request: IncomingHttpHeaders): HeaderList | undefined;
  /** Headers for the answer to a preflight. */
  preflight(request: IncomingHttpHeaders): HeaderList;
}

/**
 * CORS for `origins`: exact ones ("https://shop.example"), ones with a wildcard in a label
 * ("https://*.shop.example"), or "*". No origin is allowed when the list is empty.
 */
export function createCors(origins: readonly string[]): Cors {
  const any = origins.includes("*");
  const patterns = origins.map(originPattern);
  const headers = (request: IncomingHttpHeaders): HeaderList | undefined => {
    const origin = request.origin;
    if (origin === undefined || origins.length === 0) return undefined;
    const exposed = ["access-control-expose-headers", "retry-after"];
    if (any) return ["access-control-allow-origin", "*", ...exposed];
    const vary = ["vary", "origin"];
    if (!patterns.some((pattern) => pattern.test(origin))) return vary;
    return [
      "access-control-allow-origin",
      origin,
      "access-control-allow-credentials",
      "true",
      ...exposed,
      ...vary,
    ];
  };
  const preflight = (request: IncomingHttpHeaders): HeaderList => {
    const allowed = headers(request);
    if (allowed === undefined || !allowed.includes("access-control-allow-origin"))
      return allowed ?? [];
    const asked = request["access-control-request-headers"];
    const list = [
      ...allowed,
      "access-control-allow-methods",
      "POST",
      "access-control-allow-headers",
      asked !== undefined && HEADER_LIST.test(asked) ? asked : DEFAULT_HEADERS,
      "access-control-max-age",
      MAX_AGE_SECONDS,
    ];
    if (request["access-control-request-private-network"] === "true")
      list.push("access-control-allow-private-network", "true");
    return list;
  };
  return { headers, preflight };
}

function originPattern(origin: string): RegExp {
  const parts = origin.split("*").map((part) => part.replace(/[^A-Za-z0-9]/g, "\\$&"));
  return new RegExp(`^${parts.join("[A-Za-z0-9.-]+")}$`, "i");
}
