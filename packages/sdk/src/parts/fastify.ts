// Part: routes and errors of Fastify, by hooks of its own that are added when an instance is made.

import { subscribe } from "node:diagnostics_channel";
import { wantsHandlerSpans, withHandlerSpan } from "../instrument/handler-span.ts";
import type { Instrumentation, Tracing } from "../instrument/instrumentation.ts";
import { noteError, noteRoute, quietly } from "../instrument/server-request.ts";

interface Request {
  readonly raw: object;
  readonly routeOptions?: { readonly url?: string };
}
interface Route {
  handler: (...args: unknown[]) => unknown;
}
interface Instance {
  addHook(name: "onRoute", hook: (route: Route) => void): void;
  addHook(
    name: "onRequest",
    hook: (request: Request, reply: unknown, done: () => void) => void,
  ): void;
  addHook(
    name: "onError",
    hook: (request: Request, reply: unknown, error: unknown, done: () => void) => void,
  ): void;
}

function watchInstance(fastify: Instance, tracing: Tracing): void {
  if (wantsHandlerSpans()) {
    fastify.addHook("onRoute", (route) => {
      route.handler = withHandlerSpan(tracing, "handler", route.handler);
    });
  }
  fastify.addHook("onRequest", (request, _reply, done) => {
    quietly(() => {
      const url = request.routeOptions?.url;
      if (url !== undefined) noteRoute(request.raw, url);
    });
    done();
  });
  fastify.addHook("onError", (request, _reply, error, done) => {
    quietly(() => noteError(request.raw, error));
    done();
  });
}

/** Instrumentation of Fastify. */
export const instrumentation: Instrumentation = {
  name: "fastify",
  start(tracing) {
    subscribe("fastify.initialization", (message) => {
      quietly(() => watchInstance((message as { fastify: Instance }).fastify, tracing));
    });
  },
  // The instance is made after the module has run, so that nothing of it has to be patched.
  modules: [{ module: "fastify", versions: ">=4.10.0 <6", patch: () => undefined }],
};
