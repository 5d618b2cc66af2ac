// Part: spans of node:http2. Servers are seen through Node's diagnostics channels; of clients the headers have
// to be written before the session makes them final, so `session.request` is wrapped.

import { subscribe } from "node:diagnostics_channel";
import { errorMonitor } from "node:events";
import type * as http2 from "node:http2";
import type { Attributes, SpanKind } from "@opentelemetry/api";
import {
  knownMethod,
  nameByRoute,
  nameOfMethod,
  parseHost,
  pathTest,
} from "../instrument/http-common.ts";
import type { Instrumentation, Tracing } from "../instrument/instrumentation.ts";
import { redactPath, redactQuery } from "../instrument/redact.ts";
import { quietly } from "../instrument/server-request.ts";
import { running } from "../sdk.ts";
import { contextWithSpan, isSuppressed, ROOT, SUPPRESSED, storage } from "../trace/context.ts";
import { fail } from "../trace/exception.ts";
import { RecordingSpan } from "../trace/span.ts";

const SERVER: SpanKind = 1;
const CLIENT: SpanKind = 2;
const ERROR = 2;
const SCOPE = "@clew/sdk/http2";
const SPAN = Symbol.for("clew.http.server.span");
const CONTEXT = Symbol("clew.http2.server.context");
const EMIT = Symbol("clew.http2.server.emit");
const PATCHED = Symbol("clew.http2.patched");

type Headers = Record<string, string | string[] | number | undefined>;
type Emit = http2.Http2Stream["emit"];
type ServerStream = http2.Http2Stream & {
  [SPAN]?: RecordingSpan;
  [CONTEXT]?: Parameters<typeof storage.run>[0];
  [EMIT]?: Emit;
};
interface Message {
  readonly stream: ServerStream;
  readonly headers: Headers;
  readonly error?: unknown;
}

const one = (value: unknown): string | undefined =>
  typeof value === "string" ? value : Array.isArray(value) ? value.join(",") : undefined;

/** gRPC has instrumentations of its own, which know its names and statuses. */
function isGrpc(headers: Headers): boolean {
  return one(headers["content-type"])?.startsWith("application/grpc") === true;
}

let patterns: readonly string[] = [];
let fitsPattern = pathTest(patterns);

/** Whether the settings say that a path is not to be traced. */
function isIgnored(path: string): boolean {
  const { ignore } = running()?.settings.http ?? { ignore: patterns };
  if (ignore !== patterns) {
    patterns = ignore;
    fitsPattern = pathTest(ignore);
  }
  return fitsPattern(path.split("?", 1)[0] as string);
}

function authorityAttributes(authority: string, scheme: string): Attributes {
  const { host, port } = parseHost(authority);
  return { "server.address": host, "server.port": port ?? (scheme === "http" ? 80 : 443) };
}

function serverAttributes(headers: Headers, stream: http2.Http2Stream): Attributes {
  const method = one(headers[":method"]) ?? "GET";
  const path = one(headers[":path"]) ?? "/";
  const scheme = one(headers[":scheme"]) ?? "https";
  const mark = path.indexOf("?");
  const authority = one(headers[":authority"]) ?? one(headers["host"]);
  const socket = stream.session?.socket;
  const agent = one(headers["user-agent"]);
  return {
    "http.request.method": knownMethod(method),
    "url.path": mark < 0 ? path : path.slice(0, mark),
    ...(mark < 0 ? {} : { "url.query": redactQuery(path.slice(mark + 1)) }),
    "url.scheme": scheme,
    ...(authority === undefined ? {} : authorityAttributes(authority, scheme)),
    "client.address": socket?.remoteAddress,
    "network.peer.address": socket?.remoteAddress,
    "network.peer.port": socket?.remotePort,
    "network.protocol.version": "2",
    ...(agent === undefined ? {} : { "user_agent.original": agent }),
  };
}

function noteStatus(span: RecordingSpan, status: number, failsFrom: number): void {
  span.setAttribute("http.response.status_code", status);
  if (status < failsFrom) return;
  span.setAttribute("error.type", String(status));
  span.setStatus({ code: ERROR });
}

// What a stream tells comes in the connection's context, not in the request's: listeners get theirs here.
function emitInContext(this: ServerStream, ...args: Parameters<Emit>): boolean {
  const emit = this[EMIT] as Emit;
  const context = this[CONTEXT] ?? ROOT;
  if (storage.getStore() === context) return emit.apply(this, args);
  return storage.run(context, () => emit.apply(this, args));
}

function beginServer(tracing: Tracing, { stream, headers }: Message): void {
  // Even ids are pushes (RFC 9113, 5.1.1), which begin in the middle of the request that they belong to.
  if (isGrpc(headers) || (stream.id ?? 1) % 2 === 0) return;
  if (isIgnored(one(headers[":path"]) ?? "/")) {
    storage.enterWith(SUPPRESSED);
    return;
  }
  const parent = tracing.extract(
    (name) => one(headers[name]),
    () => Object.keys(headers),
  );
  const name = nameOfMethod(one(headers[":method"]) ?? "GET");
  const attributes = () => serverAttributes(headers, stream);
  const span = tracing.tracer(SCOPE).begin(name, SERVER, parent, undefined, attributes);
  const context = contextWithSpan(parent, span);
  storage.enterWith(context);
  stream[CONTEXT] = context;
  stream[EMIT] = stream.emit;
  stream.emit = emitInContext as Emit;
  if (!(span instanceof RecordingSpan)) return;
  span.setAttributes(attributes());
  stream[SPAN] = span;
}

function endServer({ stream }: Message): void {
  const span = stream[SPAN];
  if (span === undefined) return;
  const status = (stream as { sentHeaders?: Headers }).sentHeaders?.[":status"];
  if (status !== undefined) noteStatus(span, Number(status), 500);
  if ((stream.aborted || (stream.rstCode ?? 0) !== 0) && span.statusCode !== ERROR) {
    span.put("error.type", "aborted");
    const message = "the stream was closed before the answer was complete";
    span.setStatus({ code: ERROR, message });
  }
  nameByRoute(span);
  span.end();
}

function watchServers(tracing: Tracing): void {
  const safely = (handle: (message: Message) => void) => (message: unknown) => {
    try {
      handle(message as Message);
    } catch {
      // A stream is served whatever becomes of its span.
    }
  };
  subscribe(
    "http2.server.stream.created",
    safely((message) => beginServer(tracing, message)),
  );
  subscribe("http2.server.stream.close", safely(endServer));
  subscribe(
    "http2.server.stream.error",
    safely(({ stream, error }) => {
      if (stream[SPAN] !== undefined) fail(stream[SPAN], error);
    }),
  );
}

type Request = (this: http2.ClientHttp2Session, ...args: unknown[]) => http2.ClientHttp2Stream;

/** What `connect` was given: an URL, its text, or an object with its parts. */
const targets = new WeakMap<object, URL>();

function rememberTarget(session: object, given: unknown): void {
  try {
    const { protocol, host, hostname, port } = given as Record<string, string | undefined>;
    const parts = `${protocol ?? "https:"}//${hostname ?? host}${port === undefined ? "" : `:${port}`}`;
    const text = given instanceof URL || typeof given === "string" ? given : parts;
    targets.set(session, new URL(text));
  } catch {
    // `connect` says itself what is wrong with it.
  }
}

function clientAttributes(session: http2.ClientHttp2Session, headers: Headers): Attributes {
  const method = one(headers[":method"]) ?? "GET";
  const target = targets.get(session);
  const scheme = one(headers[":scheme"]) ?? target?.protocol.slice(0, -1) ?? "https";
  const authority = one(headers[":authority"]) ?? target?.host ?? "localhost";
  return {
    "http.request.method": knownMethod(method),
    ...authorityAttributes(authority, scheme),
    "url.full": `${scheme}://${authority}${redactPath(one(headers[":path"]) ?? "/")}`,
    "network.protocol.version": "2",
  };
}

function watchStream(stream: http2.ClientHttp2Stream, span: RecordingSpan): void {
  stream.on("response", (headers) => noteStatus(span, Number(headers[":status"]), 400));
  // Not as a listener for `error`: with one, an error that the program does not handle would go unnoticed. Such
  // an error is the last that is heard of a stream.
  stream.on(errorMonitor, (error) => {
    fail(span, error);
    span.end();
  });
  stream.on("close", () => span.end());
}

/** Headers as `request` takes them: an object, or names and values in turn. */
type GivenHeaders = Headers | unknown[];

/** A view of `given` by the names in small letters. */
function headersOf(given: GivenHeaders): Headers {
  if (!Array.isArray(given)) return given;
  const pairs = given.flatMap((each, at) =>
    at % 2 === 0 ? [[String(each).toLowerCase(), given[at + 1]] as const] : [],
  );
  return Object.fromEntries(pairs) as Headers;
}

/** Writes a header once: a program that passes the headers of its caller on may have one in another case. */
function setHeader(headers: GivenHeaders, key: string, value: string): void {
  const isSame = (name: unknown): boolean =>
    typeof name === "string" && name.length === key.length && name.toLowerCase() === key;
  if (Array.isArray(headers)) {
    for (let at = headers.length - 2; at >= 0; at -= 2) {
      if (isSame(headers[at])) headers.splice(at, 2);
    }
    headers.push(key, value);
    return;
  }
  for (const own of Object.keys(headers)) {
    if (isSame(own)) delete headers[own];
  }
  headers[key] = value;
}

function wrapRequest(tracing: Tracing, request: Request): Request {
  return function tracedRequest(this: http2.ClientHttp2Session, ...args: unknown[]) {
    const given = (args[0] ?? {}) as GivenHeaders;
    const active = tracing.active();
    const view = headersOf(given);
    if (isSuppressed(active) || isGrpc(view) || isIgnored(one(view[":path"]) ?? "/")) {
      return request.apply(this, args);
    }
    const headers: GivenHeaders = Array.isArray(given) ? [...given] : { ...given };
    const name = nameOfMethod(one(view[":method"]) ?? "GET");
    const span = tracing.tracer(SCOPE).begin(name, CLIENT, active);
    tracing.inject(contextWithSpan(active, span), (key, value) => setHeader(headers, key, value));
    const dressed = [headers, ...args.slice(1)];
    if (!(span instanceof RecordingSpan)) return request.apply(this, dressed);
    quietly(() => span.setAttributes(clientAttributes(this, view)));
    try {
      const stream = request.apply(this, dressed);
      watchStream(stream, span);
      return stream;
    } catch (error) {
      fail(span, error);
      span.end();
      throw error;
    }
  };
}

function patchClients(tracing: Tracing, exports: Record<string, unknown>): void {
  const connect = exports["connect"] as (...args: unknown[]) => http2.ClientHttp2Session;
  exports["connect"] = function tracedConnect(this: unknown, ...args: unknown[]) {
    const session = connect.apply(this, args);
    rememberTarget(session, args[0]);
    const prototype = Object.getPrototypeOf(session) as { request: Request; [PATCHED]?: true };
    if (prototype[PATCHED] !== true) {
      prototype[PATCHED] = true;
      prototype.request = wrapRequest(tracing, prototype.request);
    }
    return session;
  };
}

/** Instrumentation of node:http2. */
export const instrumentation: Instrumentation = {
  name: "http2",
  start: watchServers,
  modules: [
    { module: "http2", patch: (exports, _loaded, tracing) => patchClients(tracing, exports) },
  ],
};
