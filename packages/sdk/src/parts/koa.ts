// Part: errors of Koa, and routes of @koa/router and its elder, koa-router.

import { wantsHandlerSpans, withHandlerSpan } from "../instrument/handler-span.ts";
import type { Instrumentation, ModulePatch, Tracing } from "../instrument/instrumentation.ts";
import { noteError, noteRoute, quietly } from "../instrument/server-request.ts";
import { wrapMethod } from "../messaging/patching.ts";

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

function patchRouter(exports: Record<string, unknown>, _loaded: unknown, tracing: Tracing): void {
  const router = (exports["Router"] ?? exports["RouterImplementation"] ?? exports) as {
    prototype: Prototype;
  };
  const { prototype } = router;
  spanArgument(prototype, "register", 2, "handler", tracing);
  // In newer versions `routes` calls `middleware`, in older ones they are the same function.
  const names =
    prototype["routes"] === prototype["middleware"] ? ["middleware", "routes"] : ["middleware"];
  for (const name of names) {
    wrapMethod(prototype, name, (make) => {
      return function watchedRoutes(this: unknown, ...args) {
        return watched(make.apply(this, args) as AnyFunction);
      };
    });
  }
}

/** A middleware in a span of its own, unless it is a router or no function at all. */
function spanned(tracing: Tracing, kind: string, given: unknown): unknown {
  if (Array.isArray(given)) return given.map((each) => spanned(tracing, kind, each));
  if (typeof given !== "function" || "router" in given) return given;
  return withHandlerSpan(tracing, kind, given as AnyFunction);
}

/** Wraps the middleware that a method is given as the argument at `at`. */
function spanArgument(
  prototype: Prototype,
  name: string,
  at: number,
  kind: string,
  tracing: Tracing,
): void {
  if (!wantsHandlerSpans()) return;
  wrapMethod(prototype, name, (method) => {
    return function withSpans(this: unknown, ...args) {
      return method.apply(this, args.with(at, spanned(tracing, kind, args[at])));
    };
  });
}

const patchApplication: ModulePatch["patch"] = (exports, _loaded, tracing) => {
  const { prototype } = exports as unknown as { prototype: Prototype };
  spanArgument(prototype, "use", 0, "middleware", tracing);
};

function patchContext(exports: Record<string, unknown>): void {
  wrapMethod(exports, "onerror", (onerror) => {
    return function noticedError(this: unknown, ...args: unknown[]) {
      quietly(() => noteError((this as KoaContext).req, args[0]));
      return onerror.apply(this, args);
    };
  });
}

const patch: ModulePatch["patch"] = patchRouter;

/** Instrumentation of Koa. */
export const instrumentation: Instrumentation = {
  name: "koa",
  modules: [
    { module: "koa", versions: ">=2.0.0 <4", file: "lib/context", patch: patchContext },
    { module: "koa", versions: ">=2.0.0 <4", file: "lib/application", patch: patchApplication },
    { module: "@koa/router", versions: ">=8.0.0 <16", expose: ["Router"], patch },
    { module: "koa-router", versions: ">=7.0.0 <15", expose: ["Router"], patch },
  ],
};
