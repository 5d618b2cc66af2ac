// Spans of node:http and node:https clients, from Node's own diagnostics channels. The headers are written when
// the request object is made, which is before anything of it is sent.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type ClientRequest, type IncomingMessage, validateHeaderValue } from "node:http";
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

/** What is asked for. To a proxy the whole URL is said, or by CONNECT just a host (RFC 9112, 3.2). */
function urlOf({ method, protocol, path }: ClientRequest, authority: string): string {
  if (method === "CONNECT") return `${protocol}//${authority}`;
  const whole = /^(https?:\/\/)(?:[^/?#@]*@)?(.*)$/i.exec(path);
  if (whole !== null) return `${whole[1]}${redactPath(whole[2] ?? "")}`;
  return `${protocol}//${authority}${redactPath(path)}`;
}

function addRequest(add: Add, request: ClientRequest): void {
  const { method, protocol, host: target } = request;
  const known = knownMethod(method);
  const header = request.getHeader("host");
  const authority = typeof header === "string" ? header : target;
  const { host, port } = parseHost(authority);
  add("http.request.method", known);
  if (known !== method) add("http.request.method_original", method);
  add("server.address", host);
  add("server.port", port ?? (protocol === "https:" ? 443 : 80));
  add("url.full", urlOf(request, authority));
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
  const span = this[SPAN];
  if (span?.isRecording() !== true) return;
  const { res } = this as { res?: IncomingMessage & { readonly upgrade?: boolean } };
  if (res !== undefined) {
    // Answers that hand the connection over are told on no channel.
    if (res.upgrade === true) span.put("http.response.status_code", res.statusCode);
    else if (!res.complete && res.errored) fail(span, res.errored);
  }
  span.end();
}

/** What Node keeps of a request whose head is made, and of what waits for its connection. */
interface Made {
  _header?: unknown;
  readonly _headerSent?: boolean;
  readonly outputData?: readonly { data: unknown }[];
}

/** `head` with one more header, which it has in no other form. */
function headWith(head: string, name: string, value: string): string {
  const end = head.indexOf("\r\n\r\n");
  const lines = head.slice(0, end).split("\r\n");
  const others = lines.filter(
    (line, at) => at === 0 || !line.toLowerCase().startsWith(`${name.toLowerCase()}:`),
  );
  return `${[...others, `${name}: ${value}`].join("\r\n")}${head.slice(end)}`;
}

/**
 * Writes a header of a request. Its head is made already when headers are given as a list, and waits to be sent
 * where `Expect: 100-continue` is among them.
 */
function setHeader(request: ClientRequest, name: string, value: string): void {
  const made = request as unknown as Made;
  const head = made._header;
  if (typeof head !== "string") {
    request.setHeader(name, value);
    return;
  }
  const waiting = made.outputData?.[0];
  if (made._headerSent === true && waiting?.data !== head) return;
  validateHeaderValue(name, value);
  made._header = headWith(head, name, value);
  if (made._headerSent === true && waiting !== undefined) waiting.data = made._header;
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
    tracing.inject(contextWithSpan(active, span), (key, value) => setHeader(request, key, value));
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
