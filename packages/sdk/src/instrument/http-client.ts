// Spans of node:http and node:https clients, from Node's own diagnostics channels. The headers are written when
// the request object is made, which is before anything of it is sent.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Attributes, SpanKind } from "@opentelemetry/api";
import { activeContext, contextWithSpan, isSuppressed } from "../trace/context.ts";
import { fail } from "../trace/exception.ts";
import { RecordingSpan } from "../trace/span.ts";
import { knownMethod, nameOfMethod, parseHost, pathTest } from "./http-common.ts";
import type { InstrumentedTracer } from "./instrumented-tracer.ts";
import { redactPath } from "./redact.ts";

const CLIENT: SpanKind = 2;
const ERROR = 2;
const SPAN = Symbol("clew.http.client.span");

interface TracedRequest extends ClientRequest {
  [SPAN]?: RecordingSpan;
}

type Add = (key: string, value: unknown) => void;

function addRequest(add: Add, request: ClientRequest): void {
  const { method, protocol, host: target, path } = request;
  const known = knownMethod(method);
  const header = request.getHeader("host");
  const authority = typeof header === "string" ? header : target;
  const { host, port } = parseHost(authority);
  add("http.request.method", known);
  if (known !== method) add("http.request.method_original", method);
  add("server.address", host);
  add("server.port", port ?? (protocol === "https:" ? 443 : 80));
  add("url.full", `${protocol}//${authority}${redactPath(path)}`);
}

function attributesOf(request: ClientRequest): Attributes {
  const attributes: Record<string, unknown> = {};
  addRequest((key, value) => {
    attributes[key] = value;
  }, request);
  return attributes;
}

/** Writes down an answer's status: from 400 on, the call has failed for the caller. */
export function noteStatus(span: RecordingSpan, status: number): void {
  if (!span.isRecording()) return;
  span.put("http.response.status_code", status);
  if (status < 400) return;
  span.put("error.type", String(status));
  span.setStatus({ code: ERROR });
}

function onClose(this: TracedRequest): void {
  this[SPAN]?.end();
}

/** Traces all requests through node:http and node:https; returns what stops it. */
export function traceHttpClients(tracing: InstrumentedTracer): () => void {
  const tracer = tracing.tracer("@clew/sdk/http");
  const ignored = pathTest(tracing.settings.http.ignore);

  const begin = (request: TracedRequest): void => {
    const active = activeContext();
    if (isSuppressed(active) || ignored(request.path.split("?", 1)[0] as string)) return;
    const name = nameOfMethod(request.method);
    const span = tracer.begin(name, CLIENT, active, undefined, () => attributesOf(request));
    if (!request.headersSent && !sealed(request)) {
      tracing.inject(contextWithSpan(active, span), (key, value) => request.setHeader(key, value));
    }
    if (!(span instanceof RecordingSpan)) return;
    request[SPAN] = span;
    addRequest((key, value) => span.attributes.push(key, value), request);
    request.on("close", onClose);
  };
  const onCreated = (message: unknown): void => {
    try {
      begin((message as { request: TracedRequest }).request);
    } catch {
      // The request goes out whatever becomes of its span.
    }
  };
  const onResponse = (message: unknown): void => {
    const { request, response } = message as { request: TracedRequest; response: IncomingMessage };
    const span = request[SPAN];
    if (span === undefined) return;
    span.put("network.protocol.version", response.httpVersion);
    span.put("network.peer.address", response.socket?.remoteAddress);
    span.put("network.peer.port", response.socket?.remotePort);
    noteStatus(span, response.statusCode ?? 0);
  };
  const onError = (message: unknown): void => {
    const { request, error } = message as { request: TracedRequest; error: unknown };
    const span = request[SPAN];
    if (span === undefined) return;
    fail(span, error);
    span.end();
  };
  subscribe("http.client.request.created", onCreated);
  subscribe("http.client.response.finish", onResponse);
  subscribe("http.client.request.error", onError);
  return () => {
    unsubscribe("http.client.request.created", onCreated);
    unsubscribe("http.client.response.finish", onResponse);
    unsubscribe("http.client.request.error", onError);
  };
}

/** Whether the head of the request is already made, as it is for headers given as a list. */
function sealed(request: ClientRequest): boolean {
  return typeof (request as { _header?: unknown })._header === "string";
}
