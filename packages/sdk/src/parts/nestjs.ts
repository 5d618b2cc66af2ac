// Part: errors of NestJS. Its routes are those of Express or Fastify below it, which see no errors, as Nest's own
// exception filters answer them.

import type { Instrumentation, ModulePatch } from "../instrument/instrumentation.ts";
import { noteError, quietly } from "../instrument/server-request.ts";
import { wrapMethod } from "../messaging/patching.ts";

interface ArgumentsHost {
  getArgByIndex(index: number): unknown;
}
type Next = (this: unknown, exception: unknown, host: ArgumentsHost) => unknown;

/** The request of node:http in Express's or Fastify's. */
function rawOf(request: unknown): unknown {
  return (request as { readonly raw?: object }).raw ?? request;
}

const patch: ModulePatch["patch"] = (exports) => {
  const { prototype } = exports["ExceptionsHandler"] as { prototype: { next: Next } };
  wrapMethod(prototype, "next", (next) => {
    return function noticedException(...args) {
      const [exception, host] = args as [unknown, ArgumentsHost];
      quietly(() => noteError(rawOf(host.getArgByIndex(0)), exception));
      return next.apply(this, args);
    };
  });
};

/** Instrumentation of NestJS. */
export const instrumentation: Instrumentation = {
  name: "nestjs",
  modules: [
    {
      module: "@nestjs/core",
      versions: ">=9.0.0 <13",
      file: "exceptions/exceptions-handler",
      expose: ["ExceptionsHandler"],
      patch,
    },
  ],
};
