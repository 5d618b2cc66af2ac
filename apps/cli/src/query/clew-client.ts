// The query side of a running server, as the command line asks it: the native API under /api/v1. Whatever
// goes wrong becomes a ClewError, so that a command ends in one line with a hint.

import { ClewError, type ErrorCode } from "@clew/base";
import { decodeColumns } from "@clew/codec";
import type {
  SpanBatch,
  TraceHealth,
  TraceqlMetricsResult,
  TraceqlSearchResult,
} from "@clew/model";

export interface ClientOptions {
  /** Base URL of the server, such as `http://127.0.0.1:4319`. */
  readonly server: string;
  readonly tenant?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SearchRequest {
  readonly query: string;
  /** Nanoseconds since 1970 or `now-1h`, as the API takes them. */
  readonly start: string;
  readonly end: string;
  readonly limit: number;
  readonly spansPerSpanset: number;
  readonly sort: "newest" | "slowest";
  readonly cursor?: string | undefined;
}

export interface MetricsRequest {
  readonly query: string;
  readonly start: string;
  readonly end: string;
  /** Such as `30s`; the server chooses unless given. */
  readonly step?: string | undefined;
  readonly instant: boolean;
}

const COLUMNS = "application/vnd.clew.columns";

export class ClewClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async search(request: SearchRequest): Promise<TraceqlSearchResult> {
    const response = await this.#get("/traceql/search", {
      q: request.query,
      start: request.start,
      end: request.end,
      limit: String(request.limit),
      spans: String(request.spansPerSpanset),
      sort: request.sort,
      cursor: request.cursor,
    });
    return (await response.json()) as TraceqlSearchResult;
  }

  async metrics(request: MetricsRequest): Promise<TraceqlMetricsResult> {
    const { query: q, start, end, step, instant } = request;
    const parameters = { q, start, end, step, instant: instant ? "true" : undefined };
    const response = await this.#get("/traceql/metrics", parameters);
    return (await response.json()) as TraceqlMetricsResult;
  }

  /** All spans of a trace by start. Raises `not_found`. */
  async trace(traceId: string): Promise<SpanBatch> {
    const response = await this.#get(`/traces/${traceId}`, {}, COLUMNS);
    return decodeColumns(new Uint8Array(await response.arrayBuffer()));
  }

  /** A trace as OTLP JSON text. Raises `not_found`. */
  async traceJson(traceId: string): Promise<string> {
    return await (await this.#get(`/traces/${traceId}`, {})).text();
  }

  /** How whole the traces of the last hour are, but for those whose spans may still be on their way. */
  async traceHealth(): Promise<TraceHealth> {
    const response = await this.#get("/trace-health", { start: "now-1h", end: "now-30s" });
    return (await response.json()) as TraceHealth;
  }

  /** Where a browser shows a trace. */
  traceUrl(traceId: string): string {
    return new URL(`trace/${traceId}`, withSlash(this.#options.server)).href;
  }

  async #get(
    path: string,
    parameters: Readonly<Record<string, string | undefined>>,
    accept = "application/json",
  ): Promise<Response> {
    const { server, tenant, signal } = this.#options;
    const url = new URL(`api/v1${path}`, withSlash(server));
    for (const [name, value] of Object.entries(parameters))
      if (value !== undefined) url.searchParams.set(name, value);
    const headers = { accept, ...(tenant === undefined ? {} : { "x-clew-tenant": tenant }) };
    let response: Response;
    try {
      response = await fetch(url, { headers, ...(signal === undefined ? {} : { signal }) });
    } catch (cause) {
      if (signal?.aborted === true) throw new ClewError("cancelled", "stopped", { cause });
      throw new ClewError("unavailable", `no Clew server answers at ${server}`, {
        hint: "start one with npm start, or name another with --server or CLEW_URL",
        cause,
      });
    }
    if (!response.ok) throw await errorOf(response, server);
    return response;
  }
}

function withSlash(url: string): string {
  return url.endsWith("/") ? url : `${url}/`;
}

/** The server's own error, or one that says that something else answered. */
async function errorOf(response: Response, server: string): Promise<ClewError> {
  const body = (await response.json().catch(() => undefined)) as
    | { error?: { code?: unknown; message?: unknown; hint?: unknown } }
    | undefined;
  const told = body?.error;
  if (typeof told?.code !== "string" || typeof told.message !== "string") {
    return new ClewError("unavailable", `${server} answered ${response.status}, but not as Clew`, {
      hint: "--server takes the address of the UI, by default http://127.0.0.1:4319",
    });
  }
  const hint = typeof told.hint === "string" ? { hint: told.hint } : {};
  return new ClewError(told.code as ErrorCode, told.message, hint);
}
