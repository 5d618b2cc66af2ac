// Spans of node:http and node:https servers, from Node's own diagnostics channels: nothing is patched.
// Attributes are those of the stable HTTP conventions (semantic-conventions, docs/http/http-spans.md).

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Attributes, SpanKind } from "@opentelemetry/api";
import { ROOT, SUPPRESSED, storage } from "../trace/context.ts";
import { RecordingSpan } from "../trace/span.ts";
import {
  knownMethod,
  nameByRoute,
  nameOfMethod,
  parseHost,
  parseTarget,
  pathTest,
  type Target,
} from "./http-common.ts";
import type { InstrumentedTracer } from "./instrumented-tracer.ts";
import { redactQuery } from "./redact.ts";

const SERVER: SpanKind = 1;
const ERROR = 2;
const SPAN = Symbol.for("clew.http.server.span");
const CURRENT = Symbol("clew.http.server.current");
const CONTEXT = Symbol("clew.http.server.context");
const EMIT = Symbol("clew.http.server.emit");

interface Traced {
  [SPAN]?: RecordingSpan | undefined;
}
interface TracedSocket extends Socket {
  [CURRENT]?: ServerResponse | undefined;
}
interface Started {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

/** The server span that a request or response of node:http belongs to. */
export function serverSpanOf(message: object): RecordingSpan | undefined {
  const traced: Traced = message;
  return traced[SPAN];
}

/** Names the server span of `message` after the route that serves it. */
export function setRoute(message: object, route: string): void {
  serverSpanOf(message)?.setAttribute("http.route", route);
}

function clientAddress(request: IncomingMessage): string | undefined {
  const forwarded = request.headers["x-forwarded-for"];
  if (typeof forwarded !== "string") return request.socket.remoteAddress;
  const comma = forwarded.indexOf(",");
  return (comma < 0 ? forwarded : forwarded.slice(0, comma)).trim();
}

/** What is known before the answer. The keys are all different. */
function addRequest(
  add: (key: string, value: unknown) => void,
  request: IncomingMessage,
  { path, query, authority }: Target,
): void {
  const { headers, socket } = request;
  const method = request.method ?? "GET";
  const secure = (socket as { encrypted?: boolean }).encrypted === true;
  const known = knownMethod(method);
  add("http.request.method", known);
  if (known !== method) add("http.request.method_original", method);
  add("url.path", path);
  if (query !== "") add("url.query", redactQuery(query));
  add("url.scheme", secure ? "https" : "http");
  // A target that names its host outdoes the header (RFC 9112, section 3.2.2).
  const asked = authority || headers.host;
  if (asked !== undefined) {
    const { host, port } = parseHost(asked);
    add("server.address", host);
    add("server.port", port ?? (secure ? 443 : 80));
  }
  const peer = socket.remoteAddress;
  if (peer !== undefined) {
    add("network.peer.address", peer);
    add("network.peer.port", socket.remotePort);
    add("client.address", clientAddress(request));
  }
  add("network.protocol.version", request.httpVersion);
  if (headers["user-agent"] !== undefined) add("user_agent.original", headers["user-agent"]);
}

function requestAttributes(request: IncomingMessage, target: Target): Attributes {
  const attributes: Record<string, unknown> = {};
  addRequest(
    (key, value) => {
      attributes[key] = value;
    },
    request,
    target,
  );
  return attributes;
}

function finish(span: RecordingSpan, status: number | undefined, aborted: boolean): void {
  if (!span.isRecording()) return;
  if (status !== undefined) span.put("http.response.status_code", status);
  if (status !== undefined && status >= 500) {
    span.put("error.type", String(status));
    span.setStatus({ code: ERROR });
  } else if (aborted) {
    span.put("error.type", "aborted");
    span.setStatus({
      code: ERROR,
      message: "the connection was closed before the answer was complete",
    });
  }
  nameByRoute(span);
  span.end();
}

/** The status that has been sent, if any was. */
function statusOf(response: ServerResponse | undefined): number | undefined {
  return response?.headersSent === true ? response.statusCode : undefined;
}

function onSocketClose(this: TracedSocket): void {
  const response = this[CURRENT];
  const span = response === undefined ? undefined : serverSpanOf(response);
  this[CURRENT] = undefined;
  if (span !== undefined) finish(span, statusOf(response), true);
}

function onResponseClose(this: ServerResponse): void {
  const span = serverSpanOf(this);
  if (span !== undefined) finish(span, statusOf(this), !this.writableFinished);
}

/** Notices a client that goes away. One listener a connection; pipelined requests need their own. */
function watchAbort(socket: TracedSocket, response: ServerResponse): void {
  if (!(CURRENT in socket)) socket.on("close", onSocketClose);
  const before = socket[CURRENT];
  if (before !== undefined && serverSpanOf(before)?.isRecording() === true) {
    response.on("close", onResponseClose);
  } else socket[CURRENT] = response;
}

type Emit = IncomingMessage["emit"];
interface BoundRequest {
  [CONTEXT]?: Parameters<typeof storage.run>[0];
  [EMIT]?: Emit;
}

// Bodies are read in the connection's context, not in the request's: listeners get theirs here.
function emitInContext(this: IncomingMessage & BoundRequest, ...args: Parameters<Emit>): boolean {
  // Kept on the request, since frameworks put objects of theirs in front of it.
  const emit = this[EMIT] as Emit;
  const context = this[CONTEXT] ?? ROOT;
  if (storage.getStore() === context) return emit.apply(this, args);
  return storage.run(context, () => emit.apply(this, args));
}

function hasBody(request: IncomingMessage): boolean {
  const { headers } = request;
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** Traces all servers of node:http and node:https; returns what stops it. */
export function traceHttpServers(tracing: InstrumentedTracer): () => void {
  const tracer = tracing.tracer("@clew/sdk/http");
  const { ignore, traceIdHeader } = tracing.settings.http;
  const ignored = pathTest(ignore);

  const begin = ({ request, response, socket }: Started): void => {
    const target = parseTarget(request.url ?? "/");
    if (ignore.length > 0 && ignored(target.path)) {
      storage.enterWith(SUPPRESSED);
      return;
    }
    const { headers } = request;
    const parent = tracing.propagation.extractHeaders(
      (name) => headers[name] as string | undefined,
      () => Object.keys(headers),
    );
    const name = nameOfMethod(request.method ?? "GET");
    const span = tracer.begin(name, SERVER, parent, undefined, () =>
      requestAttributes(request, target),
    );
    const context = parent.withSpan(span);
    storage.enterWith(context);
    if (hasBody(request)) {
      (request as BoundRequest)[CONTEXT] = context;
      (request as BoundRequest)[EMIT] = request.emit;
      request.emit = emitInContext as Emit;
    }
    if (traceIdHeader !== "") response.setHeader(traceIdHeader, span.traceId);
    if (!(span instanceof RecordingSpan)) return;
    (request as Traced)[SPAN] = span;
    (response as Traced)[SPAN] = span;
    addRequest((key, value) => span.attributes.push(key, value), request, target);
    watchAbort(socket, response);
  };
  const onStart = (message: unknown): void => {
    try {
      begin(message as Started);
    } catch {
      // A request is served whatever becomes of its span.
    }
  };
  const onFinish = (message: unknown): void => {
    const { response, socket } = message as Started;
    const span = serverSpanOf(response);
    if (span === undefined) return;
    if ((socket as TracedSocket)[CURRENT] === response)
      (socket as TracedSocket)[CURRENT] = undefined;
    finish(span, response.statusCode, false);
  };
  subscribe("http.server.request.start", onStart);
  subscribe("http.server.response.finish", onFinish);
  return () => {
    unsubscribe("http.server.request.start", onStart);
    unsubscribe("http.server.response.finish", onFinish);
  };
}
