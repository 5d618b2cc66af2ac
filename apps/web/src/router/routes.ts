// Every address of the UI: its path, its parameters and how both are read and printed. Pure, so that
// links can be tested without a browser.

import { nameOfSegment, pathSegment } from "@clew/base";
import { spanKindNames, statusCodeNames } from "@clew/model";
import { duration } from "../format/duration-param.ts";
import { attributeFilter } from "./attribute-filter.ts";
import {
  hex,
  list,
  oneOf,
  type ParamShape,
  type ParamValues,
  parseParams,
  printParams,
  text,
  viewWindow,
} from "./codec.ts";
import { instant } from "./time-range.ts";

const range = { from: instant, to: instant };

/** Columns by which the services table and the operations table sort; a leading `-` means descending. */
export const redSortKeys = [
  "name",
  "-name",
  "rate",
  "-rate",
  "errors",
  "-errors",
  "p50",
  "-p50",
  "p95",
  "-p95",
  "p99",
  "-p99",
] as const;
export type RedSortKey = (typeof redSortKeys)[number];

/** How the answer to a query is shown; each kind of answer has its own, and the first of them is the default. */
export const queryViews = ["traces", "spans", "chart", "table"] as const;
export type QueryView = (typeof queryViews)[number];

export const drawerTabs = ["attributes", "events", "links", "logs"] as const;
export type DrawerTab = (typeof drawerTabs)[number];

const shapes = {
  services: { ...range, q: text(), sort: oneOf(redSortKeys) },
  service: { ...range, sort: oneOf(redSortKeys) },
  search: {
    ...range,
    service: text(),
    operation: text(20_000),
    kind: oneOf(spanKindNames),
    status: oneOf(statusCodeNames),
    min: duration,
    max: duration,
    attr: list(attributeFilter),
    sort: oneOf(["newest", "slowest"]),
  },
  query: {
    ...range,
    // As long as TraceQL takes them; Run would do nothing with a longer one that the address left out.
    q: text(128 * 1024),
    sort: oneOf(["newest", "slowest"]),
    view: oneOf(queryViews),
  },
  trace: { ...range, span: hex(16), view: viewWindow, q: text(), tab: oneOf(drawerTabs) },
  map: { ...range, focus: text() },
  health: { ...range },
} as const satisfies Record<string, ParamShape>;

const paths = {
  services: "/",
  service: "/services/:name",
  search: "/search",
  query: "/query",
  trace: "/trace/:traceId",
  map: "/map",
  health: "/health",
} as const;

export type RouteName = keyof typeof shapes;
export type RouteParams<N extends RouteName> = ParamValues<(typeof shapes)[N]>;
/** The variable part of a path: the service of `service`, the trace id of `trace`. */
export type PathArgument<N extends RouteName> = N extends "service" | "trace" ? string : undefined;

export type Route =
  | {
      readonly [N in RouteName]: {
        readonly name: N;
        readonly argument: PathArgument<N>;
        readonly params: RouteParams<N>;
      };
    }[RouteName]
  | { readonly name: "unknown" };

const traceIdCodec = hex(32);

/** Reads an address; `unknown` when no page lives there. */
export function parseRoute(pathname: string, search: string): Route {
  const path = pathname.length > 1 ? pathname.replace(/\/+$/, "") : "/";
  for (const name of Object.keys(paths) as RouteName[]) {
    const argument = matchPath(paths[name], path === "" ? "/" : path);
    if (argument === false) continue;
    const checked = name === "trace" ? traceIdCodec.parse([argument ?? ""]) : argument;
    if (name === "trace" && checked === undefined) continue;
    const params = parseParams(shapes[name], new URLSearchParams(search));
    return { name, argument: checked, params } as Route;
  }
  return { name: "unknown" };
}

function matchPath(pattern: string, path: string): string | undefined | false {
  const colon = pattern.indexOf(":");
  if (colon < 0) return pattern === path ? undefined : false;
  const prefix = pattern.slice(0, colon);
  if (!path.startsWith(prefix)) return false;
  const rest = path.slice(prefix.length);
  if (rest === "" || rest.includes("/")) return false;
  try {
    return nameOfSegment(decodeURIComponent(rest));
  } catch {
    return false;
  }
}

/** Prints an address that {@link parseRoute} reads back. */
export function printRoute<N extends RouteName>(
  name: N,
  argument: PathArgument<N>,
  params: RouteParams<N> = {},
): string {
  const pattern: string = paths[name];
  const colon = pattern.indexOf(":");
  const path = colon < 0 ? pattern : pattern.slice(0, colon) + pathSegment(argument ?? "");
  return path + printParams(shapes[name], params as never);
}
