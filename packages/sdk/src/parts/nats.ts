// Part: spans of NATS: the package `nats`, and @nats-io/* of version 3. Context travels in NATS' headers where the server
// takes them. Callbacks of subscriptions and of JetStream consumers are traced; loops (`for await`) cannot be, and have
// `consume()` of @clew/sdk/messaging. A request lasts until its answer, a JetStream publish until it is stored.

import { createRequire } from "node:module";
import { join } from "node:path";
import type { Instrumentation, LoadedModule, Tracing } from "../instrument/instrumentation.ts";
import { type Carrier, limitedCarrier, natsCarrier, OVERHEAD_BYTES } from "../messaging/carrier.ts";
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
import { runHandler } from "../messaging/unheard.ts";
import { ROOT } from "../trace/context.ts";

const LIBRARY = "nats";
/** Of headers without names: the version, a status of three digits, line ends. */
const FRAME_BYTES = 20;

interface Headers {
  readonly code: number;
  readonly description: string;
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
interface JetStreamOptions {
  readonly deliver?: unknown;
  readonly config?: { readonly durable_name?: string; readonly deliver_group?: string };
}
interface Connection {
  readonly info?: {
    readonly headers?: boolean;
    readonly host?: string;
    readonly port?: number;
    readonly max_payload?: number;
  };
  readonly options?: { readonly inboxPrefix?: string };
  readonly protocol?: { readonly server?: { hostname?: string; port?: number } };
}

/** JetStream's own requests, acknowledgements and answers to requests. */
function isInner(subject: unknown, inboxes = "_INBOX"): boolean {
  if (typeof subject !== "string" || subject.startsWith("$")) return true;
  return subject.startsWith("_INBOX.") || subject.startsWith(`${inboxes}.`);
}

type MakeHeaders = (code?: number, description?: string) => Headers;

function copied(make: MakeHeaders, given: Headers | undefined): Headers {
  const headers = given?.code ? make(given.code, given.description) : make();
  for (const name of given?.keys() ?? []) {
    for (const value of given?.values(name) ?? []) headers.append(name, value);
  }
  return headers;
}

/** Bytes of headers on the wire: `NATS/1.0 503 description`, lines, and an empty one. */
function bytesOf(headers: Headers): number {
  let bytes = FRAME_BYTES + headers.description.length;
  for (const name of headers.keys()) {
    for (const value of headers.values(name)) {
      bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + OVERHEAD_BYTES;
    }
  }
  return bytes;
}

/** A message that would be larger than the server takes goes without context: the client refuses it else. */
function headersCarrier(
  connection: Connection,
  headers: Headers,
  bodySize: number | undefined,
): Carrier {
  const most = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
  return limitedCarrier(natsCarrier(headers), most - (bodySize ?? 0) - bytesOf(headers));
}

/** Within `request`, which publishes. */
let requesting = false;

/** `publish(subject, data, options)`, `request` and `requestMany`. */
function wrapSend(messaging: Messaging, makeHeaders: MakeHeaders): (original: Method) => Method {
  return (original) =>
    function send(this: unknown, ...args: unknown[]): unknown {
      const [subject, data, options] = args;
      const connection = this as Connection;
      if (requesting || isInner(subject, connection.options?.inboxPrefix))
        return Reflect.apply(original, this, args);
      const sent = attempt(LIBRARY, () => {
        const { info, protocol } = connection;
        const given = options as Options | undefined;
        const bodySize = sizeOf(data);
        const headers = info?.headers === true ? copied(makeHeaders, given?.headers) : undefined;
        const begun = messaging.send({
          system: "nats",
          destination: String(subject),
          carrier: headers && headersCarrier(connection, headers, bodySize),
          bodySize,
          address: protocol?.server?.hostname ?? info?.host,
          port: protocol?.server?.port ?? info?.port,
        });
        // Nothing written, nothing changed.
        const own = headers?.keys().length ? { ...given, headers } : undefined;
        return { begun, given: own === undefined ? args : [subject, data, own, ...args.slice(3)] };
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

/** Not so are what the server tells a client (heartbeats, flow control), and stores on top of JetStream. */
function isOfProgram(message: NatsMessage | null | undefined): message is NatsMessage {
  const code = message?.headers?.code ?? 0;
  return !isInner(message?.subject) && !(code >= 100 && code < 200 && !message?.data?.length);
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
      if (!isOfProgram(message) || (at === 1 && args[0])) return undefined;
      return messaging.process(natsMessage(message, queue), messageParent("message"), ROOT);
    });
    return runHandler(begun, callback, () => Reflect.apply(callback, this, args));
  });
}

function wrapSubscribe(messaging: Messaging): (original: Method) => Method {
  return (original) =>
    function subscribe(this: unknown, ...args: unknown[]): unknown {
      const options = args[1] as Options | undefined;
      const callback = options?.callback;
      const inboxes = (this as Connection).options?.inboxPrefix;
      if (requesting || typeof callback !== "function" || isInner(args[0], inboxes))
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

/**
 * What the JetStream client of `nats` makes of a subscription with an inbox of its own. With a subject that is no inbox
 * it subscribes as programs do.
 */
function wrapOptions(messaging: Messaging): (original: Method) => Method {
  return (original) =>
    function buildTypedSubscriptionOpts(this: unknown, ...args: unknown[]): unknown {
      const built = Reflect.apply(original, this, args) as { callback?: unknown };
      attempt(LIBRARY, () => {
        const { deliver, config } = args[0] as JetStreamOptions;
        const { options } = (this as { readonly nc: Connection }).nc;
        if (typeof built.callback !== "function" || !isInner(deliver, options?.inboxPrefix)) return;
        const group = config?.durable_name ?? config?.deliver_group;
        built.callback = traced(messaging, built.callback as Method, group, 1);
      });
      return built;
    };
}

function patchConnection(headersFile: string) {
  return (exports: Record<string, unknown>, loaded: LoadedModule, tracing: Tracing): void => {
    const messaging = new Messaging(tracing, "@clew/sdk/nats");
    const load = createRequire(join(loaded.folder, "package.json"));
    const { headers } = load(headersFile) as { headers: MakeHeaders };
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

function patchClient(exports: Record<string, unknown>, _: LoadedModule, tracing: Tracing): void {
  const messaging = new Messaging(tracing, "@clew/sdk/nats");
  const client = prototypeOf(exports["JetStreamClientImpl"]);
  wrapMethod(client, "_buildTypedSubscriptionOpts", wrapOptions(messaging));
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
      module: "nats",
      versions: ">=2.18 <3",
      file: "lib/jetstream/jsclient",
      patch: patchClient,
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
