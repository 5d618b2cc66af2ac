// What web frameworks add to the span of the request that they serve: its route, and the error that a handler
// threw. http.route is the pattern, never the path (semantic-conventions, docs/http/http-spans.md).

import type { RecordingSpan } from "../trace/span.ts";
import { serverSpanOf } from "./http-server.ts";

/** What was last thrown to each span. */
const thrown = new WeakMap<RecordingSpan, unknown>();

/** The open server span of a request of node:http, or of the compatible one of node:http2. */
export function openServerSpan(message: unknown): RecordingSpan | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  let span = serverSpanOf(message);
  if (span === undefined) {
    const { stream } = message as { stream?: unknown };
    if (typeof stream === "object" && stream !== null) span = serverSpanOf(stream);
  }
  return span?.isRecording() === true ? span : undefined;
}

/** Writes down the pattern of the path that is served. */
export function noteRoute(message: unknown, route: string): void {
  openServerSpan(message)?.put("http.route", route);
}

/** The answer that an error stands for, such as 404, if it says so. */
function statusOf(error: object): number | undefined {
  const { status, statusCode, getStatus } = error as Record<string, unknown>;
  const given = typeof getStatus === "function" ? getStatus.call(error) : (status ?? statusCode);
  return typeof given === "number" ? given : undefined;
}

/**
 * Writes down what a handler threw, once however many handlers it passes. Errors that stand for an answer of
 * 4xx are the client's, and how such answers are made.
 */
export function noteError(message: unknown, error: unknown): void {
  const span = openServerSpan(message);
  if (span === undefined || error === undefined || error === null) return;
  if (thrown.get(span) === error) return;
  thrown.set(span, error);
  const status = typeof error === "object" ? statusOf(error) : undefined;
  if (status === undefined || status < 400 || status >= 500) span.recordException(error as Error);
}

/** Runs what only watches: the application goes on whatever becomes of it. */
export function quietly(watch: () => void): void {
  try {
    watch();
  } catch {
    // Watching never harms what is watched.
  }
}
