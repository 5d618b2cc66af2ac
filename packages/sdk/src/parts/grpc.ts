// Part: clients and servers of @grpc/grpc-js, of all four kinds of calls. Context travels in the metadata; names and
// statuses are those of semantic-conventions, docs/rpc/grpc.md.

import { type MetadataClass, wrapRequest } from "../grpc/client.ts";
import { wrapHandler } from "../grpc/server.ts";
import type { Instrumentation } from "../instrument/instrumentation.ts";
import { wrapMethod } from "../messaging/patching.ts";

type Prototype = Record<string, unknown>;

/** Index of the metadata among the arguments of each method. */
const REQUESTS: Readonly<Record<string, number>> = {
  makeUnaryRequest: 4,
  makeServerStreamRequest: 4,
  makeClientStreamRequest: 3,
  makeBidiStreamRequest: 3,
};

/** Classes of metadata by the folder of their copy of the library. */
const metadataClasses = new Map<string, MetadataClass>();

const prototypeOf = (exports: Record<string, unknown>, name: string): Prototype =>
  (exports[name] as { prototype: Prototype }).prototype;

const place = { module: "@grpc/grpc-js", versions: ">=1.4.0 <2" };

/** Instrumentation of gRPC. */
export const instrumentation: Instrumentation = {
  name: "grpc",
  modules: [
    {
      ...place,
      file: "build/src/metadata",
      patch(exports, { folder }) {
        metadataClasses.set(folder, exports["Metadata"] as MetadataClass);
      },
    },
    {
      ...place,
      file: "build/src/client",
      patch(exports, { folder }, tracing) {
        const prototype = prototypeOf(exports, "Client");
        for (const [name, at] of Object.entries(REQUESTS)) {
          wrapMethod(prototype, name, (request) =>
            wrapRequest(tracing, request, at, () => metadataClasses.get(folder)),
          );
        }
      },
    },
    {
      ...place,
      file: "build/src/server",
      patch(exports, _loaded, tracing) {
        const prototype = prototypeOf(exports, "Server");
        wrapMethod(prototype, "register", (register) => {
          return function registerTraced(this: unknown, path, handler, ...rest) {
            const traced = wrapHandler(tracing, handler as never, String(path));
            return register.call(this, path, traced, ...rest);
          };
        });
      },
    },
  ],
};
