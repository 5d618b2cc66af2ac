// Talks to the native API under /api/v1. Failures of every kind become ClewErrors, so that pages show
// one thing: code, message, hint.

import { ClewError, type ErrorCode } from "@clew/base";

const root = "/api/v1";

/** An error about a part of a query's text. */
export class PlacedError extends ClewError {
  /** Half-open range of UTF-16 offsets in the query. */
  readonly place: { readonly start: number; readonly end: number };

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string },
    place: { start: number; end: number },
  ) {
    super(code, message, options);
    this.place = place;
  }
}

export type QueryValue = string | number | bigint | undefined | readonly string[];

/** Path and query of an API call; parameters that are undefined or empty are left out. */
export function apiUrl(path: string, query: Readonly<Record<string, QueryValue>> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === "") continue;
    if (typeof value === "object") for (const item of value) search.append(name, item);
    else search.append(name, String(value));
  }
  const printed = search.toString();
  return `${root}${path}${printed === "" ? "" : `?${printed}`}`;
}

/** A request that is more than a question. */
export interface ApiChange {
  readonly method: "GET" | "PUT" | "DELETE";
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** Fetches and checks the status. Throws ClewError; an abort passes through as it is. */
export async function apiFetch(
  url: string,
  accept: string,
  signal?: AbortSignal,
  change: ApiChange = { method: "GET" },
): Promise<Response> {
  let response: Response;
  const { method, body } = change;
  try {
    response = await fetch(url, {
      method,
      headers: body === undefined ? { accept } : { accept, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ClewError("unavailable", "The Clew server does not answer", {
      hint: "Check that it is running (npm start) and that this page still points at it.",
      cause,
    });
  }
  if (!response.ok) throw await readError(response);
  return response;
}

/** Fetches JSON. */
export async function apiJson<T>(
  url: string,
  signal?: AbortSignal,
  change?: ApiChange,
): Promise<T> {
  const response = await apiFetch(url, "application/json", signal, change);
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes("json")) {
    throw new ClewError(
      "internal",
      `Expected JSON from ${url.split("?")[0]}, got ${type || "no content type"}`,
      {
        hint: "A proxy in front of Clew may be answering in its place.",
      },
    );
  }
  return (await response.json()) as T;
}

async function readError(response: Response): Promise<ClewError> {
  const body: unknown = await response.json().catch(() => undefined);
  const told = (
    body as
      | { error?: { code?: unknown; message?: unknown; hint?: unknown; at?: unknown } }
      | undefined
  )?.error;
  if (told !== undefined && typeof told.code === "string" && typeof told.message === "string") {
    const hint = typeof told.hint === "string" ? { hint: told.hint } : {};
    const place = placeOf(told.at);
    return place === undefined
      ? new ClewError(told.code as ErrorCode, told.message, hint)
      : new PlacedError(told.code as ErrorCode, told.message, hint, place);
  }
  const code: ErrorCode =
    response.status === 404 ? "not_found" : response.status >= 500 ? "unavailable" : "bad_request";
  return new ClewError(
    code,
    `The server answered ${response.status} ${response.statusText}`.trim(),
    {
      hint: "The answer was not one of Clew's own: a proxy may stand in between.",
    },
  );
}

function placeOf(told: unknown): { start: number; end: number } | undefined {
  const { start, end } = (told ?? {}) as { start?: unknown; end?: unknown };
  return typeof start === "number" && typeof end === "number" ? { start, end } : undefined;
}
