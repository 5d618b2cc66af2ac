// Part: routes and errors of Hono, where it serves requests of Node (package @hono/node-server). Which handlers fit is
// known when the context of a request is made; errors pass through the application's error handler.

import { replaceExport } from "../instrument/exports.ts";
import type { Instrumentation } from "../instrument/instrumentation.ts";
import { noteError, noteRoute, quietly } from "../instrument/server-request.ts";
import { wrapMethod } from "../messaging/patching.ts";

interface Route {
  readonly path: string;
  readonly method: string;
}
interface Options {
  readonly env?: { readonly incoming?: object };
  readonly matchResult?: readonly [readonly [readonly [unknown, Route], unknown][], unknown?];
}
type Constructor = new (...args: unknown[]) => object;
type ErrorHandler = (error: unknown, context: { readonly env?: Options["env"] }) => unknown;
interface App {
  errorHandler: ErrorHandler;
}

/** The routes that fit, which before 4.5 the request knows. */
function routesOf(request: unknown, { matchResult }: Options): readonly Route[] {
  if (matchResult !== undefined) return matchResult[0].map(([[, route]]) => route);
  return (request as { readonly matchedRoutes?: readonly Route[] }).matchedRoutes ?? [];
}

/** The route that answers: the last that fits and is no middleware, which is for all methods and paths below. */
function routeOf(routes: readonly Route[]): string | undefined {
  return routes.findLast(({ method, path }) => method !== "ALL" || !path.endsWith("*"))?.path;
}

function watchContexts(exports: Record<string, unknown>): unknown {
  const Context = exports["Context"] as Constructor;
  const watched = new Proxy(Context, {
    construct(target, args, newTarget) {
      quietly(() => {
        const options = args[1] as Options;
        const route = routeOf(routesOf(args[0], options));
        if (route !== undefined) noteRoute(options.env?.incoming, route);
      });
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
  return replaceExport(exports, "Context", watched);
}

/** Handlers that tell us of errors, and the ones of the application that they stand for. */
const telling = new WeakMap<ErrorHandler, ErrorHandler>();
const told = new WeakMap<ErrorHandler, ErrorHandler>();
let comparing = 0;

function tellingOf(handler: ErrorHandler): ErrorHandler {
  let wrapped = telling.get(handler);
  if (wrapped === undefined) {
    wrapped = (error, context) => {
      quietly(() => noteError(context.env?.incoming, error));
      return handler(error, context);
    };
    telling.set(handler, wrapped);
    told.set(wrapped, handler);
  }
  return wrapped;
}

function watchErrors(app: App): App {
  let handler = app.errorHandler;
  Object.defineProperty(app, "errorHandler", {
    configurable: true,
    enumerable: true,
    get: () => (comparing > 0 ? handler : tellingOf(handler)),
    set(given: ErrorHandler) {
      handler = told.get(given) ?? given;
    },
  });
  return app;
}

function watchApps(exports: Record<string, unknown>): unknown {
  const Base = exports["Hono"] ?? exports["HonoBase"];
  const { prototype } = Base as { prototype: { route(...args: unknown[]): unknown } };
  // `route` compares the other application's handler with the default one.
  wrapMethod(prototype, "route", (route) => {
    return function comparingRoute(...args) {
      comparing++;
      try {
        return route.apply(this, args);
      } finally {
        comparing--;
      }
    };
  });
  const watched = new Proxy(Base as Constructor, {
    construct: (target, args, newTarget) =>
      watchErrors(Reflect.construct(target, args, newTarget) as App),
  });
  return replaceExport(exports, "HonoBase" in exports ? "HonoBase" : "Hono", watched);
}

/** Instrumentation of Hono. */
export const instrumentation: Instrumentation = {
  name: "hono",
  modules: ["dist/", "dist/cjs/"].flatMap((folder) => [
    {
      module: "hono",
      versions: ">=4.0.0 <5",
      file: `${folder}context`,
      expose: ["Context"],
      patch: watchContexts,
    },
    {
      module: "hono",
      versions: ">=4.0.0 <5",
      file: `${folder}hono-base`,
      expose: ["Hono"],
      patch: watchApps,
    },
  ]),
};
