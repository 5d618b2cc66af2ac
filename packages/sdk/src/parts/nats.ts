// Part: spans of NATS: the package `nats`, and @nats-io/* of version 3. Context travels in NATS' headers where the server
// takes them. Callbacks of subscriptions and of JetStream consumers are traced; loops (`for await`) cannot be, and have
// `consume()` of @clew/sdk/messaging. A request lasts until its answer, a JetStream publish until it is stored.

import { createRequire } from "node:module";
import { join } from "node:path";
import type { Instrumentation, LoadedModule, Tracing } from "../instrument/instrumentation.ts";
import { natsCarrier } from "../messaging/carrier.ts";
import { type NatsMessage, natsMessage } from "../messaging/incoming.ts";
import { Messaging, messageParent } from "../messaging/operation.ts";
import {
  attempt,
  dressed,
  type Method,
  prototypeOf,
  sizeOf,
  wrapMethod,
} from "../messaging/patching.ts";
import { runBegun } from "../messaging/run.ts";
import { ROOT } from "../trace/context.ts";

const LIBRARY = "nats";

interface Headers {
  keys(): string[];
  values(name: string): string[];
  append(name: string, value: string): void;
  get(name: string): string;
  set(name: string, value: string): void;
}
interface Options {
  headers?: Headers;
  callback?: unknown;
  queue?: string;
}
interface Connection {
  readonly info?: { readonly headers?: boolean; readonly host?: string; readonly port?: number };
  readonly protocol?: { readonly server?: { hostname?: string; port?: number } };
}

/** JetStream's own requests, acknowledgements and answers to requests. */
function isInner(subject: unknown): boolean {
  return typeof subject !== "string" || subject.startsWith("$") || subject.startsWith("_INBOX.");
}

function copied(make: () => Headers, given: Headers | undefined): Headers {
  const headers = make();
  for (const name of given?.keys() ?? []) {
    for (const value of given?.values(name) ?? []) headers.append(name, value);
  }
  return headers;
}

/** Within `request`, which publishes. */
let requesting = false;

/** `publish(subject, data, options)`, `request` and `requestMany`. */
function wrapSend(messaging: Messaging, makeHeaders: () => Headers): (original: Method) => Method {
  return (original) =>
    function send(this: unknown, ...args: unknown[]): unknown {
      const [subject, data, options] = args;
      if (requesting || isInner(subject)) return Reflect.apply(original, this, args);
      const sent = attempt(LIBRARY, () => {
        const { info, protocol } = this as Connection;
        const own: Options = { ...(options as Options | undefined) };
        const carries = info?.headers === true;
        if (carries) own.headers = copied(makeHeaders, own.headers);
        const begun = messaging.send({
          system: "nats",
          destination: String(subject),
          carrier: carries ? natsCarrier(own.headers) : undefined,
          bodySize: sizeOf(data),
          address: protocol?.server?.hostname ?? info?.host,
          port: protocol?.server?.port ?? info?.port,
        });
        return { begun, given: options === undefined && !carries ? args : [subject, data, own] };
      });
      return runBegun(sent?.begun, () => {
        requesting = true;
        try {
          return Reflect.apply(original, this, sent?.given ?? args);
        } finally {
          requesting = false;
        }
      });
    };
}

/** A callback `(error, message)` of a subscription, or `(message)` of a JetStream consumer. */
function traced(
  messaging: Messaging,
  callback: Method,
  queue: string | undefined,
  at: 0 | 1,
): Method {
  return dressed(callback, function onMessage(this: unknown, ...args: unknown[]) {
    const message = args[at] as NatsMessage | null | undefined;
    const begun = attempt(LIBRARY, () => {
      if (message === null || message === undefined) return undefined;
      return messaging.process(natsMessage(message, queue), messageParent("message"), ROOT);
    });
    return runBegun(begun, () => Reflect.apply(callback, this, args));
  });
}

function wrapSubscribe(messaging: Messaging): (original: Method) => Method {
  return (original) =>
    function subscribe(this: unknown, ...args: unknown[]): unknown {
      const options = args[1] as Options | undefined;
      const callback = options?.callback;
      if (typeof callback !== "function" || isInner(args[0]))
        return Reflect.apply(original, this, args);
      const own = {
        ...options,
        callback: traced(messaging, callback as Method, options?.queue, 1),
      };
      return Reflect.apply(original, this, [args[0], own, ...args.slice(2)]);
    };
}

function wrapConsume(messaging: Messaging): (original: Method) => Method {
  return (original) =>
    function consume(this: unknown, ...args: unknown[]): unknown {
      const options = args[0] as Options | undefined;
      const callback = options?.callback;
      if (typeof callback !== "function") return Reflect.apply(original, this, args);
      const name = (this as { name?: unknown }).name;
      const group = typeof name === "string" ? name : undefined;
      const own = { ...options, callback: traced(messaging, callback as Method, group, 0) };
      return Reflect.apply(original, this, [own, ...args.slice(1)]);
    };
}

function patchConnection(headersFile: string) {
  return (exports: Record<string, unknown>, loaded: LoadedModule, tracing: Tracing): void => {
    const messaging = new Messaging(tracing, "@clew/sdk/nats");
    const load = createRequire(join(loaded.folder, "package.json"));
    const { headers } = load(headersFile) as { headers: () => Headers };
    const connection = prototypeOf(exports["NatsConnectionImpl"]);
    for (const name of ["publish", "request", "requestMany"]) {
      wrapMethod(connection, name, wrapSend(messaging, headers));
    }
    wrapMethod(connection, "subscribe", wrapSubscribe(messaging));
  };
}

function patchConsumers(exports: Record<string, unknown>, _: LoadedModule, tracing: Tracing): void {
  const messaging = new Messaging(tracing, "@clew/sdk/nats");
  // Ordered consumers of `nats` are made of plain ones.
  for (const name of ["PullConsumerImpl", "PushConsumerImpl"]) {
    wrapMethod(prototypeOf(exports[name]), "consume", wrapConsume(messaging));
  }
}

/** Instrumentation of `nats` and @nats-io/*. */
export const instrumentation: Instrumentation = {
  name: "nats",
  modules: [
    {
      module: "nats",
      versions: ">=2.18 <3",
      file: "lib/nats-base-client/nats",
      patch: patchConnection("./lib/nats-base-client/headers.js"),
    },
    {
      module: "nats",
      versions: ">=2.18 <3",
      file: "lib/jetstream/consumer",
      patch: patchConsumers,
    },
    {
      module: "@nats-io/nats-core",
      versions: ">=3 <4",
      file: "lib/nats",
      patch: patchConnection("./lib/headers.js"),
    },
    ...["lib/consumer", "lib/pushconsumer"].map((file) => ({
      module: "@nats-io/jetstream",
      versions: ">=3 <4",
      file,
      patch: patchConsumers,
    })),
  ],
};
