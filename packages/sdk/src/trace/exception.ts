// What a span says about something thrown: exception.* of the semantic conventions.

import { types } from "node:util";
import type { Attributes, Span } from "@opentelemetry/api";

const ERROR = 2;
const STACK_LIMIT = 16 * 1024;

/** An error of this or another realm, such as the sandbox of a test runner. */
function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || types.isNativeError(thrown);
}

/** Name of the kind of error: a `code` such as ECONNRESET, else the class. Never throws. */
export function errorType(thrown: unknown): string {
  try {
    if (isError(thrown)) {
      const { code } = thrown as { code?: unknown };
      if (typeof code === "string" && code !== "") return code;
      return thrown.name || thrown.constructor.name || "Error";
    }
    return thrown === null ? "null" : typeof thrown;
  } catch {
    return "_OTHER";
  }
}

/** Attributes of an `exception` event for anything thrown. Never throws. */
export function exceptionAttributes(thrown: unknown): Attributes {
  try {
    if (typeof thrown === "string") return { "exception.message": thrown };
    if (thrown === null || typeof thrown !== "object") {
      return { "exception.message": String(thrown) };
    }
    const { name, message, stack, code } = thrown as Record<string, unknown>;
    const attributes: Attributes = {};
    const type = typeof code === "string" && code !== "" ? code : name;
    if (typeof type === "string") attributes["exception.type"] = type;
    if (typeof message === "string") attributes["exception.message"] = message;
    if (typeof stack === "string") attributes["exception.stacktrace"] = stack.slice(0, STACK_LIMIT);
    return attributes;
  } catch {
    return { "exception.message": "[unreadable]" };
  }
}

/** The text of anything thrown. Never throws, though `toString` of what was thrown may. */
function messageOf(thrown: unknown): string {
  try {
    if (!isError(thrown)) return String(thrown);
    return typeof thrown.message === "string" ? thrown.message : "";
  } catch {
    return "[unreadable]";
  }
}

/** Marks `span` as failed by whatever was thrown. Never throws. */
export function fail(span: Span, thrown: unknown): void {
  if (!span.isRecording()) return;
  span.recordException(thrown as Error);
  span.setAttribute("error.type", errorType(thrown));
  span.setStatus({ code: ERROR, message: messageOf(thrown) });
}
