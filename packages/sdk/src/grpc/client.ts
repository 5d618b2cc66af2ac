// Calls of a gRPC client.

import { EventEmitter } from "node:events";
import type { Attributes, SpanKind } from "@opentelemetry/api";
import { addFirst } from "../instrument/first-attributes.ts";
import { parseHost } from "../instrument/http-common.ts";
import type { Tracing } from "../instrument/instrumentation.ts";
import { quietly } from "../instrument/server-request.ts";
import { contextWithSpan, isSuppressed, storage } from "../trace/context.ts";
import { RecordingSpan } from "../trace/span.ts";
import { methodAttributes, nameOf, SCOPE } from "./method.ts";
import { endWithStatus, statusNumber } from "./status.ts";

const CLIENT: SpanKind = 2;

/** Metadata of grpc-js. */
export interface Metadata {
  clone(): Metadata;
  set(key: string, value: string): void;
}
/** The class of the copy of grpc-js at hand. */
export type MetadataClass = new () => Metadata;

interface Client {
  getChannel?(): { getTarget(): string };
}
type Method = (this: unknown, ...args: unknown[]) => unknown;

const servers = new WeakMap<object, Attributes>();

/** Who a client talks to, which it is told once. */
function serverAttributes(client: Client): Attributes {
  let known = servers.get(client);
  if (known === undefined) {
    known = targetAttributes(client);
    servers.set(client, known);
  }
  return known;
}

function targetAttributes(client: Client): Attributes {
  const target = client.getChannel?.().getTarget() ?? "";
  // Such as dns:localhost:50051, dns:///localhost:50051, ipv4:127.0.0.1:50051, unix:/tmp/socket.
  const [, scheme, rest = ""] =
    /^(?:([a-z][a-z\d+.-]*):(?!\d+$))?(?:\/\/[^/]*\/)?(.*)$/.exec(target) ?? [];
  if (scheme === "unix") return { "server.address": rest };
  const { host, port } = parseHost(rest);
  return { "server.address": host, "server.port": port };
}

/** The arguments with `metadata` in its place, which is before options and callback. */
function withMetadata(args: readonly unknown[], at: number, Class: MetadataClass | undefined) {
  const given = args[at];
  if (
    typeof (given as Metadata | undefined)?.clone === "function" &&
    !(given instanceof EventEmitter)
  ) {
    const metadata = (given as Metadata).clone();
    return { metadata, args: args.with(at, metadata) };
  }
  if (Class === undefined) return undefined;
  const metadata = new Class();
  if (at < args.length && (given === undefined || given === null)) {
    return { metadata, args: args.with(at, metadata) };
  }
  return { metadata, args: args.toSpliced(at, 0, metadata) };
}

/** Wraps one of the four methods that make calls; `at` is the index of its metadata. */
export function wrapRequest(
  tracing: Tracing,
  request: Method,
  at: number,
  metadataClass: () => MetadataClass | undefined,
): Method {
  return function tracedRequest(this: unknown, ...given) {
    const active = tracing.active();
    if (isSuppressed(active)) return request.apply(this, given);
    const path = String(given[0]);
    const attributes = (): Attributes => ({
      ...methodAttributes(path),
      ...serverAttributes(this as Client),
    });
    const span = tracing.tracer(SCOPE).begin(nameOf(path), CLIENT, active, undefined, attributes);
    let args = given;
    quietly(() => {
      const dressed = withMetadata(given, at, metadataClass());
      if (dressed === undefined) return;
      const { metadata } = dressed;
      tracing.inject(contextWithSpan(active, span), (key, value) => metadata.set(key, value));
      args = dressed.args;
    });
    const last = args.findLastIndex((each) => typeof each === "function");
    const isRecorded = span instanceof RecordingSpan;
    if (isRecorded) {
      quietly(() => {
        addFirst(span, methodAttributes(path));
        addFirst(span, serverAttributes(this as Client));
      });
    }
    const end = (code: number, error: unknown): void => {
      if (isRecorded) quietly(() => endWithStatus(span, code, error, false));
    };
    // Before the metadata are the functions that make bytes.
    if (last > at) {
      const callback = args[last] as Method;
      args = args.with(last, function answered(this: unknown, ...answer: unknown[]) {
        end(statusNumber(answer[0]), answer[0]);
        return storage.run(active, () => callback.apply(this, answer));
      });
    }
    try {
      const call = request.apply(this, args);
      if (call instanceof EventEmitter) {
        const { emit } = call;
        let error: unknown;
        call.emit = function emitted(
          this: EventEmitter,
          ...event: Parameters<typeof emit>
        ): boolean {
          if (event[0] === "error") error = event[1];
          // Streams tell their error before their status; those that are destroyed tell only the first.
          if (event[0] === "status") end(statusNumber(event[1]), error ?? event[1]);
          else if (event[0] === "close" && error !== undefined) end(statusNumber(error), error);
          return storage.run(active, () => emit.apply(this, event));
        };
      }
      return call;
    } catch (error) {
      end(statusNumber(error), error);
      throw error;
    }
  };
}
