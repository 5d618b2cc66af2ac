// Part: errors of Koa, and routes of @koa/router and its elder, koa-router.

import type { Instrumentation, ModulePatch } from "../instrument/instrumentation.ts";
import { noteError, noteRoute, quietly } from "../instrument/server-request.ts";

interface KoaContext {
  readonly req: object;
  readonly _matchedRoute?: unknown;
}
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
type Prototype = Record<string, AnyFunction | undefined>;

/** The router's middleware, watched: it knows its route as soon as it has called the first handler. */
function watched(dispatch: AnyFunction): AnyFunction {
  return new Proxy(dispatch, {
    apply(target, self, args) {
      const note = (): void =>
        quietly(() => {
          const { req, _matchedRoute: route } = args[0] as KoaContext;
          if (typeof route === "string" || route instanceof RegExp) noteRoute(req, String(route));
        });
      try {
        return target.apply(self, args);
      } finally {
        note();
      }
    },
  });
}

function patchRouter(exports: Record<string, unknown>): void {
  const router = (exports["Router"] ?? exports["RouterImplementation"] ?? exports) as {
    prototype: Prototype;
  };
  const { prototype } = router;
  const { routes, middleware } = prototype;
  // In newer versions `routes` calls `middleware`, in older ones they are the same function.
  const make = middleware ?? routes;
  if (make === undefined) return;
  const wrapped: AnyFunction = function wrappedRoutes(this: unknown, ...args) {
    return watched(make.apply(this, args) as AnyFunction);
  };
  if (middleware !== undefined) prototype["middleware"] = wrapped;
  if (routes === make) prototype["routes"] = wrapped;
}

function patchContext(exports: Record<string, unknown>): void {
  const onerror = exports["onerror"] as AnyFunction;
  exports["onerror"] = function noticedError(this: KoaContext, ...args: unknown[]) {
    quietly(() => noteError(this.req, args[0]));
    return onerror.apply(this, args);
  };
}

const patch: ModulePatch["patch"] = patchRouter;

/** Instrumentation of Koa. */
export const instrumentation: Instrumentation = {
  name: "koa",
  modules: [
    { module: "koa", versions: ">=2.0.0 <4", file: "lib/context", patch: patchContext },
    { module: "@koa/router", versions: ">=8.0.0 <16", expose: ["Router"], patch },
    { module: "koa-router", versions: ">=7.0.0 <15", expose: ["Router"], patch },
  ],
};
