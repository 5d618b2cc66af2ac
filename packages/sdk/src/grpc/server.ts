// Handlers of a gRPC server.

import type { EventEmitter } from "node:events";
import type { Attributes, SpanKind } from "@opentelemetry/api";
import { addFirst } from "../instrument/first-attributes.ts";
import { parseHost } from "../instrument/http-common.ts";
import type { Tracing } from "../instrument/instrumentation.ts";
import { quietly } from "../instrument/server-request.ts";
import { contextWithSpan, storage } from "../trace/context.ts";
import { RecordingSpan } from "../trace/span.ts";
import { methodAttributes, nameOf, SCOPE } from "./method.ts";
import { endWithStatus, statusNumber } from "./status.ts";

const SERVER: SpanKind = 1;
const CANCELLED = 1;

interface ServerCall extends EventEmitter {
  readonly metadata?: { get(key: string): readonly unknown[] };
  getPeer?(): string;
  getHost?(): string;
}
type Handler = (
  this: unknown,
  call: ServerCall,
  respond?: (...args: unknown[]) => unknown,
) => unknown;

function placeAttributes(call: ServerCall): Attributes {
  const peer = parseHost(call.getPeer?.() ?? "");
  const own = parseHost(call.getHost?.() ?? "");
  return {
    "server.address": own.host === "" ? undefined : own.host,
    "server.port": own.port,
    "client.address": peer.host === "" ? undefined : peer.host,
    "network.peer.address": peer.host === "" ? undefined : peer.host,
    "network.peer.port": peer.port,
  };
}

/** Runs listeners of a call in its context and ends its span when they are told of its end. */
function watchCall(
  call: ServerCall,
  context: Parameters<typeof storage.run>[0],
  end: (code: number, error?: unknown) => void,
): void {
  const { emit } = call;
  call.emit = function emitted(this: EventEmitter, ...event: Parameters<typeof emit>): boolean {
    if (event[0] === "error") end(statusNumber(event[1]), event[1]);
    else if (event[0] === "finish") end(0);
    else if (event[0] === "cancelled") end(CANCELLED);
    return storage.run(context, () => emit.apply(this, event));
  };
}

/** Wraps a handler of any kind: those that answer once are given `respond`. */
export function wrapHandler(tracing: Tracing, handler: Handler, path: string): Handler {
  return function tracedHandler(call, respond) {
    const parent = tracing.extract((name) => {
      // One header may come as several (RFC 9110, 5.3), as a tracestate that proxies have added to.
      const values = call.metadata?.get(name) ?? [];
      return values.length === 0 ? undefined : values.join(",");
    });
    const attributes = (): Attributes => ({ ...methodAttributes(path), ...placeAttributes(call) });
    const span = tracing.tracer(SCOPE).begin(nameOf(path), SERVER, parent, undefined, attributes);
    const context = contextWithSpan(parent, span);
    const isRecorded = span instanceof RecordingSpan;
    if (isRecorded) {
      quietly(() => {
        addFirst(span, methodAttributes(path));
        addFirst(span, placeAttributes(call));
      });
    }
    const end = (code: number, error?: unknown): void => {
      if (isRecorded) quietly(() => endWithStatus(span, code, error, true));
    };
    watchCall(call, context, end);
    const answer =
      respond === undefined
        ? undefined
        : (...args: unknown[]): unknown => {
            end(statusNumber(args[0]), args[0]);
            return respond(...args);
          };
    try {
      return storage.run(context, () => handler.call(this, call, answer));
    } catch (error) {
      end(2, error); // gRPC answers UNKNOWN, whatever is thrown
      throw error;
    }
  };
}
