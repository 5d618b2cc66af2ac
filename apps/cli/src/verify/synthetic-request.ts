// One synthetic request: sent with a trace context of our own making, so that we know which trace to ask for.
// The client's half is exported as a span of service `clew-verify`, so that the trace has its root.

import { randomBytes } from "node:crypto";
import type { SyntheticRequest } from "./plan-file.ts";

export interface SentRequest {
  readonly traceId: string;
  /** Parent of the first span of the system under test. */
  readonly spanId: string;
  readonly startUnixNano: bigint;
  readonly endUnixNano: bigint;
  readonly method: string;
  readonly url: string;
  /** HTTP status of the answer; undefined when there was none. */
  readonly status: number | undefined;
  /** What went wrong with the request itself, a sentence; undefined when nothing did. */
  readonly failure: string | undefined;
  /** Nothing listens there: no trace can come of it. */
  readonly unreached: boolean;
}

const NOBODY_THERE = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

export async function sendRequest(
  request: SyntheticRequest,
  signal: AbortSignal,
): Promise<SentRequest> {
  const traceId = randomBytes(16).toString("hex");
  const spanId = randomBytes(8).toString("hex");
  const { method, url, headers, body, timeout } = request;
  const startUnixNano = BigInt(Date.now()) * 1_000_000n;
  const outcome = await fetch(url, {
    method,
    headers: { ...headers, traceparent: `00-${traceId}-${spanId}-01` },
    ...(body === undefined ? {} : { body }),
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
  }).then(
    async (response) => {
      await response.arrayBuffer();
      const failure = statusFailure(request, response.status);
      return { status: response.status, failure, unreached: false };
    },
    (error: unknown) => ({
      status: undefined,
      failure: `no answer from ${url}: ${reasonOf(error)}`,
      unreached: isUnreached(error),
    }),
  );
  const endUnixNano = BigInt(Date.now()) * 1_000_000n;
  return { traceId, spanId, startUnixNano, endUnixNano, method, url, ...outcome };
}

function statusFailure({ status, url }: SyntheticRequest, actual: number): string | undefined {
  if (status === undefined)
    return actual < 400 ? undefined : `${url} answered ${actual}, expected a status below 400`;
  return status.includes(actual)
    ? undefined
    : `${url} answered ${actual}, expected ${status.join(" or ")}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  // A name with several addresses fails with an error that has a code and no message.
  return cause.message || codeOf(cause) || error.message;
}

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : "";
}

function isUnreached(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && NOBODY_THERE.has(codeOf(cause));
}

/** Exports the client's half of requests by OTLP/HTTP. Resolves to a warning when the collector does not take it. */
export async function exportRoots(
  otlp: string,
  tenant: string | undefined,
  sent: readonly SentRequest[],
): Promise<string | undefined> {
  const url = new URL("v1/traces", otlp.endsWith("/") ? otlp : `${otlp}/`).href;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(tenant === undefined ? {} : { "x-scope-orgid": tenant }),
      },
      body: JSON.stringify(otlpOf(sent)),
      signal: AbortSignal.timeout(5000),
    });
    await response.arrayBuffer();
    return response.ok ? undefined : `${url} answered ${response.status}`;
  } catch (error) {
    return `no collector answers at ${url}: ${reasonOf(error)}`;
  }
}

function otlpOf(sent: readonly SentRequest[]): object {
  const spans = sent.map((request) => ({
    traceId: request.traceId,
    spanId: request.spanId,
    name: request.method,
    kind: 3,
    startTimeUnixNano: String(request.startUnixNano),
    endTimeUnixNano: String(request.endUnixNano),
    status: request.failure === undefined ? {} : { code: 2, message: request.failure },
    attributes: [
      { key: "http.request.method", value: { stringValue: request.method } },
      { key: "url.full", value: { stringValue: request.url } },
      ...(request.status === undefined
        ? []
        : [{ key: "http.response.status_code", value: { intValue: String(request.status) } }]),
    ],
  }));
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "clew-verify" } }] };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "clew-verify" }, spans }] }] };
}
