// Spans of fetch and of the npm package undici, from undici's diagnostics channels.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Attributes, SpanKind } from "@opentelemetry/api";
import { activeContext, contextWithSpan, isSuppressed } from "../trace/context.ts";
import { fail } from "../trace/exception.ts";
import { RecordingSpan } from "../trace/span.ts";
import { noteStatus } from "./http-client.ts";
import { knownMethod, nameOfMethod, pathTest } from "./http-common.ts";
import type { InstrumentedTracer } from "./instrumented-tracer.ts";
import { redactPath } from "./redact.ts";

const CLIENT: SpanKind = 2;
const spans = new WeakMap<object, RecordingSpan>();

interface UndiciRequest {
  readonly origin: string | URL;
  readonly path: string;
  readonly method: string;
  /** The protocol to change to, such as `websocket`. */
  readonly upgrade?: string | null;
  onUpgrade?(status: number, ...rest: unknown[]): unknown;
  addHeader(name: string, value: string): void;
  /** Names and values in turn; a text in undici before 6. */
  headers: unknown;
}
interface UndiciMessage {
  readonly request: UndiciRequest;
  readonly response?: { readonly statusCode: number };
  readonly socket?: { readonly remoteAddress?: string; readonly remotePort?: number };
  readonly error?: unknown;
}

/** Writes a header once: a program that passes the headers of its caller on has sent one along. */
function setHeader(request: UndiciRequest, name: string, value: string): void {
  const { headers } = request;
  if (Array.isArray(headers)) {
    for (let i = headers.length - 2; i >= 0; i -= 2) {
      const key: unknown = headers[i];
      if (typeof key === "string" && key.length === name.length && key.toLowerCase() === name) {
        headers.splice(i, 2);
      }
    }
  } else if (typeof headers === "string") {
    const lines = headers.split("\r\n");
    const others = lines.filter((line) => !line.toLowerCase().startsWith(`${name}:`));
    if (others.length < lines.length) request.headers = others.join("\r\n");
  }
  request.addHeader(name, value);
}

/** Ends the span of a request that hands its connection over, of which undici before 7.30 tells nothing. */
function watchUpgrade(request: UndiciRequest, span: RecordingSpan): void {
  const { onUpgrade } = request;
  if (typeof onUpgrade !== "function") return;
  request.onUpgrade = function upgraded(status, ...rest) {
    noteStatus(span, status);
    span.end();
    return onUpgrade.call(this, status, ...rest);
  };
}

function attributesOf(request: UndiciRequest): Attributes {
  const url = new URL(String(request.origin));
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const known = knownMethod(request.method);
  return {
    "http.request.method": known,
    ...(known === request.method ? {} : { "http.request.method_original": request.method }),
    "server.address": url.hostname.replace(/^\[(.*)\]$/, "$1"),
    "server.port": port,
    "url.full": `${url.protocol}//${url.host}${redactPath(request.path)}`,
  };
}

/** Traces all requests through undici; returns what stops it. */
export function traceUndici(tracing: InstrumentedTracer): () => void {
  const tracer = tracing.tracer("@clew/sdk/undici");
  const ignored = pathTest(tracing.settings.http.ignore);

  const created = ({ request }: UndiciMessage): void => {
    const active = activeContext();
    if (isSuppressed(active) || request.method === "CONNECT") return;
    if (ignored(request.path.split("?", 1)[0] as string)) return;
    const name = nameOfMethod(request.method);
    const span = tracer.begin(name, CLIENT, active, undefined, () => attributesOf(request));
    tracing.inject(contextWithSpan(active, span), (key, value) =>
      setHeader(request, key.toLowerCase(), value),
    );
    if (!(span instanceof RecordingSpan)) return;
    spans.set(request, span);
    span.setAttributes(attributesOf(request));
    if (request.upgrade) watchUpgrade(request, span);
  };
  const sent = ({ request, socket }: UndiciMessage): void => {
    const span = spans.get(request);
    span?.put("network.peer.address", socket?.remoteAddress);
    span?.put("network.peer.port", socket?.remotePort);
  };
  const answered = ({ request, response }: UndiciMessage): void => {
    const span = spans.get(request);
    if (span !== undefined) noteStatus(span, response?.statusCode ?? 0);
  };
  const ended = ({ request }: UndiciMessage): void => {
    spans.get(request)?.end();
  };
  const failed = ({ request, error }: UndiciMessage): void => {
    const span = spans.get(request);
    if (span === undefined) return;
    fail(span, error);
    span.end();
  };
  const channels: readonly [string, (message: UndiciMessage) => void][] = [
    ["undici:request:create", created],
    ["undici:client:sendHeaders", sent],
    ["undici:request:headers", answered],
    ["undici:request:trailers", ended],
    ["undici:request:error", failed],
  ];
  const subscribed = channels.map(([channel, handle]) => {
    const safe = (message: unknown): void => {
      try {
        handle(message as UndiciMessage);
      } catch {
        // The request goes out whatever becomes of its span.
      }
    };
    subscribe(channel, safe);
    return [channel, safe] as const;
  });
  return () => {
    for (const [channel, safe] of subscribed) unsubscribe(channel, safe);
  };
}
