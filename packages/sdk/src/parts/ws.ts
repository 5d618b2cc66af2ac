// Part: spans of ws. A server's handshake is a SERVER span, child of the client's request; messages that arrive are
// processed in spans of their own, which link to the handshake, as a connection may live for days. A message that
// begins with `{"traceparent":` brings its sender's context: `{ ...carry(), ...payload }` makes one.

import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { SpanKind } from "@opentelemetry/api";
import { parseHost } from "../instrument/http-common.ts";
import type { Instrumentation, Tracing } from "../instrument/instrumentation.ts";
import { type Carrier, jsonCarrier } from "../messaging/carrier.ts";
import { type Begun, Messaging, messageParent } from "../messaging/operation.ts";
import { attempt, dressed, type Method, sizeOf, wrapMethod } from "../messaging/patching.ts";
import { runBegun } from "../messaging/run.ts";
import { emitWithin } from "../messaging/unheard.ts";
import { contextWithSpan, ROOT } from "../trace/context.ts";
import { RecordingSpan } from "../trace/span.ts";

const LIBRARY = "ws";
const SERVER: SpanKind = 1;
const HEAD = Buffer.from('{"traceparent":"');

/** What is known of a connection. */
interface Connection {
  readonly path: string;
  /** The path of a server that has only one; empty for others. */
  readonly onlyPath: string;
  readonly handshake: RecordingSpan | undefined;
}
const connections = new WeakMap<object, Connection>();

function pathOf(url: string | undefined): string {
  return (url ?? "/").split("?", 1)[0] as string;
}

function beginHandshake(tracing: Tracing, request: IncomingMessage): Begun {
  const { headers } = request;
  const parent = tracing.extract((name) => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(",") : value;
  });
  const { host, port } = parseHost(headers.host ?? "");
  const attributes = () => ({
    "http.request.method": "GET",
    "url.path": pathOf(request.url),
    "url.scheme": "ws",
    "server.address": host,
    "server.port": port,
    "client.address": request.socket.remoteAddress,
    "network.protocol.name": "websocket",
    "http.response.status_code": 101,
  });
  const span = tracing.tracer("@clew/sdk/ws").begin("GET", SERVER, parent, undefined, attributes);
  if (span instanceof RecordingSpan) span.setAttributes(attributes());
  return { span, context: contextWithSpan(parent, span) };
}

/** `completeUpgrade(extensions, key, protocols, request, socket, head, callback)`. */
function wrapUpgrade(tracing: Tracing): (original: Method) => Method {
  return (original) =>
    function completeUpgrade(this: unknown, ...args: unknown[]): unknown {
      const request = args[3] as IncomingMessage;
      const callback = args[6];
      const begun = attempt(LIBRARY, () => beginHandshake(tracing, request));
      if (begun === undefined || typeof callback !== "function")
        return runBegun(begun, () => Reflect.apply(original, this, args));
      const handshake = begun.span instanceof RecordingSpan ? begun.span : undefined;
      const given = [...args];
      given[6] = dressed(callback as Method, (...values) => {
        const { path: only } = (this as { options?: { path?: unknown } }).options ?? {};
        const onlyPath = typeof only === "string" ? only : "";
        const path = pathOf(request.url);
        connections.set(values[0] as object, { path, onlyPath, handshake });
        return Reflect.apply(callback, undefined, values);
      });
      return runBegun(begun, () => Reflect.apply(original, this, given));
    };
}

function carrierOfData(data: unknown): Carrier | undefined {
  const isHead =
    data instanceof Uint8Array &&
    data.length > HEAD.length &&
    HEAD.equals(data.subarray(0, HEAD.length));
  return isHead ? jsonCarrier(data) : undefined;
}

function beginMessage(messaging: Messaging, socket: object, data: unknown): Begun {
  const known = connections.get(socket);
  const url = (socket as { url?: string }).url;
  const path = known?.path ?? (url === undefined ? "" : pathOf(new URL(url).pathname));
  const message = {
    system: "websocket",
    destination: path,
    // Paths such as /room/1 are without number: names of spans have only those that the program names once.
    template: known?.onlyPath ?? "",
    carrier: carrierOfData(data),
    bodySize: sizeOf(data),
  };
  const begun = messaging.process(message, messageParent("message"), ROOT);
  if (known?.handshake !== undefined && begun.span instanceof RecordingSpan) {
    begun.span.addLink({ context: known.handshake.spanContext() });
  }
  return begun;
}

function wrapEmit(messaging: Messaging): (original: Method) => Method {
  return (original) =>
    function emit(this: unknown, ...args: unknown[]): unknown {
      const socket = this as EventEmitter;
      if (args[0] !== "message" || socket.listenerCount("message") === 0)
        return Reflect.apply(original, this, args);
      const begun = attempt(LIBRARY, () => beginMessage(messaging, socket, args[1]));
      if (begun === undefined) return Reflect.apply(original, this, args);
      emitWithin(begun, socket, "message", args.slice(1));
      return true;
    };
}

function patchServer(exports: unknown, tracing: Tracing): void {
  wrapMethod((exports as { prototype: object }).prototype, "completeUpgrade", wrapUpgrade(tracing));
}

function patchSocket(exports: unknown, tracing: Tracing): void {
  const messaging = new Messaging(tracing, "@clew/sdk/ws");
  wrapMethod((exports as { prototype: object }).prototype, "emit", wrapEmit(messaging));
}

/** Instrumentation of ws. */
export const instrumentation: Instrumentation = {
  name: "ws",
  modules: [
    {
      module: "ws",
      versions: ">=8 <9",
      file: "lib/websocket-server",
      patch: (exports, _loaded, tracing) => patchServer(exports, tracing),
    },
    {
      module: "ws",
      versions: ">=8 <9",
      file: "lib/websocket",
      patch: (exports, _loaded, tracing) => patchSocket(exports, tracing),
    },
  ],
};
