// OTLP/HTTP: POST /v1/traces in protobuf or JSON.

import { HttpConnection, type HttpResponse } from "./http-connection.ts";
import {
  acceptedJsonReply,
  acceptedReply,
  type Lane,
  type LaneOptions,
  type Reply,
} from "./transport.ts";

// The OTLP specification's list of retryable answers.
const RETRYABLE = new Set([429, 502, 503, 504]);

/** Retry-After as milliseconds from `now` (ms since 1970); it holds seconds or an HTTP date. */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const seconds = Number(value);
  if (!Number.isNaN(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function reasonOf(response: HttpResponse): string {
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes("json") && !type.includes("text")) return `HTTP ${response.status}`;
  return `HTTP ${response.status} ${new TextDecoder().decode(response.body.subarray(0, 300))}`;
}

/** A lane with its own keep-alive connection. A path of the endpoint replaces /v1/traces. */
export function httpLane(options: LaneOptions, json: boolean): Lane {
  const url = new URL(options.endpoint);
  const path = url.pathname === "/" ? "/v1/traces" : url.pathname;
  const connection = new HttpConnection(url, options.timeoutMs);
  const fixed = [
    `POST ${path}${url.search} HTTP/1.1`,
    `host: ${url.host}`,
    "user-agent: clew-load",
    `content-type: ${json ? "application/json" : "application/x-protobuf"}`,
    ...(options.gzip ? ["content-encoding: gzip"] : []),
    ...(options.tenant === undefined ? [] : [`x-scope-orgid: ${options.tenant}`]),
    "content-length: ",
  ].join("\r\n");
  async function send(body: Uint8Array): Promise<Reply> {
    try {
      const response = await connection.request(`${fixed}${body.length}\r\n\r\n`, body);
      if (response.status >= 200 && response.status < 300) {
        return json ? acceptedJsonReply(response.body) : acceptedReply(response.body);
      }
      if (!RETRYABLE.has(response.status)) return { type: "refused", reason: reasonOf(response) };
      const afterMs = retryAfterMs(response.headers.get("retry-after"), Date.now());
      return { type: "retry", reason: `HTTP ${response.status}`, afterMs };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      return { type: "retry", reason: code ?? (error as Error).message, afterMs: undefined };
    }
  }
  return { send, close: () => connection.close() };
}
