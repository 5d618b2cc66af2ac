// What an OTLP/HTTP request is answered with, as the OpenTelemetry protocol specification
// (docs/specification.md, "OTLP/HTTP") has it: the answer speaks the encoding of the request, a full
// success leaves partial_success unset, and every error is a google.rpc.Status.

import type { IncomingMessage, ServerResponse } from "node:http";
import { ClewError } from "@clew/base";
import { encodeExportResponse, encodeExportResponseJson } from "@clew/codec";
import type { ByteBudget } from "./byte-budget.ts";
import { type Cors, createCors, type HeaderList } from "./cors.ts";
import { ACCEPTED_CODINGS, codingOf, decompress } from "./decompress.ts";
import type { ExportOutcome, ExportSink, Signal } from "./export-sink.ts";
import { readBody } from "./http-body.ts";
import { encodeError, type OtlpError, toOtlpError } from "./otlp-error.ts";
import type { ReceiverSettings } from "./receiver-options.ts";
import { countRequest, type ReceiverStats } from "./receiver-stats.ts";
import { tenantOf } from "./tenant.ts";
import { unsupportedPaths } from "./unsupported-signals.ts";

type Encoding = "protobuf" | "json";

/** The OTLP/HTTP paths that take data. */
export const signalPaths: Readonly<Record<string, Signal>> = {
  "/v1/traces": "traces",
  "/v1/logs": "logs",
};

const ALLOWED_METHODS = "POST, OPTIONS";
const mediaTypes: Record<Encoding, string> = {
  protobuf: "application/x-protobuf",
  json: "application/json",
};

/** Takes requests from a server and answers them; holds no sockets itself. */
export class OtlpHttpEndpoint {
  /** True once the server drains: answers then ask the sender to come back on a new connection. */
  stopping = false;
  readonly #settings: ReceiverSettings;
  readonly #sink: ExportSink;
  readonly #budget: ByteBudget;
  readonly #stats: ReceiverStats;
  readonly #cors: Cors;

  constructor(
    settings: ReceiverSettings,
    sink: ExportSink,
    budget: ByteBudget,
    stats: ReceiverStats,
  ) {
    this.#settings = settings;
    this.#sink = sink;
    this.#budget = budget;
    this.#stats = stats;
    this.#cors = createCors(settings.corsOrigins);
  }

  /** Answers a POST to the path of `signal`. Never rejects. */
  async export(signal: Signal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#stats.inFlight.http++;
    const lease = this.#budget.lease();
    let encoding: Encoding | undefined;
    try {
      encoding = encodingOf(request.headers["content-type"]);
      if (encoding === undefined) throw unsupportedMediaType(request.headers["content-type"]);
      const { headers } = request;
      const coding = codingOf(headers["content-encoding"]);
      const tenant = tenantOf(
        this.#settings.tenantHeaders,
        (name) => headers[name] as string | undefined,
      );
      this.#refuseEarly();
      const { maxBodyBytes } = this.#settings;
      const wire = await readBody(request, maxBodyBytes, lease);
      if (wire === undefined) return countRequest(this.#stats, signal, "http", "aborted");
      const body =
        coding === "identity" ? wire : await decompress(wire, coding, maxBodyBytes, lease);
      lease.release();
      this.#stats.bodyBytes.http += body.length;
      const outcome = await this.#sink.export({ signal, encoding, tenant, body });
      this.#succeed(signal, encoding, outcome, request, response);
    } catch (error) {
      this.#fail(signal, encoding ?? "json", error, request, response);
    } finally {
      lease.release();
      this.#stats.inFlight.http--;
    }
  }

  /** Answers a request that is not a POST to a path of ours: preflights, 405 and 404. */
  answerOther(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === "OPTIONS" && "access-control-request-method" in request.headers) {
      countRequest(this.#stats, "other", "http", 204);
      response.writeHead(204, this.#cors.preflight(request.headers)).end();
      return;
    }
    const path = (request.url ?? "/").split("?", 1)[0] as string;
    const signal = Object.hasOwn(signalPaths, path) ? signalPaths[path] : undefined;
    const encoding = encodingOf(request.headers["content-type"]) ?? "json";
    if (signal === undefined) {
      this.#fail("other", encoding, notFound(path), request, response);
    } else if (request.method === "POST") {
      const error = unsupportedMediaType(request.headers["content-type"]);
      this.#fail(signal, encoding, error, request, response);
    } else {
      const error = new ClewError(
        "method_not_allowed",
        `${request.method} is not allowed on ${path}`,
        {
          hint: "send with POST",
        },
      );
      this.#fail(signal, encoding, error, request, response);
    }
  }

  #refuseEarly(): void {
    if (this.stopping) throw new ClewError("unavailable", "the collector is stopping");
    if (this.#sink.freeBytes <= 0)
      throw new ClewError("overloaded", "the collector holds as many bytes as it may");
  }

  #succeed(
    signal: Signal,
    encoding: Encoding,
    outcome: ExportOutcome,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const body =
      encoding === "json"
        ? Buffer.from(encodeExportResponseJson(signal, outcome))
        : encodeExportResponse(outcome);
    this.#send(signal, 200, encoding, body, undefined, request, response);
  }

  #fail(
    signal: Signal | "other",
    encoding: Encoding,
    thrown: unknown,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const error = toOtlpError(thrown);
    if (error.ours) this.#settings.onError(ClewError.from(thrown));
    const body = encodeError(error, encoding);
    this.#send(signal, error.httpStatus, encoding, body, extraHeaders(error), request, response);
  }

  #send(
    signal: Signal | "other",
    status: number,
    encoding: Encoding,
    body: Uint8Array,
    extra: HeaderList | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    if (response.destroyed) return countRequest(this.#stats, signal, "http", "aborted");
    countRequest(this.#stats, signal, "http", status);
    const headers = ["content-type", mediaTypes[encoding], "content-length", String(body.length)];
    if (extra !== undefined) headers.push(...extra);
    if (this.stopping) headers.push("connection", "close");
    const cors = this.#cors.headers(request.headers);
    if (cors !== undefined) headers.push(...cors);
    response.writeHead(status, headers);
    if (body.length === 0) response.end();
    else response.end(body);
  }
}

function extraHeaders(error: OtlpError): HeaderList | undefined {
  if (error.retryAfterMs !== undefined)
    return ["retry-after", String(Math.ceil(error.retryAfterMs / 1000))];
  if (error.httpStatus === 405) return ["allow", ALLOWED_METHODS];
  if (error.httpStatus === 415) return ["accept-encoding", ACCEPTED_CODINGS];
  return undefined;
}

/** The encoding that a Content-Type names, parameters aside; undefined for any other type. */
function encodingOf(contentType: string | undefined): Encoding | undefined {
  if (contentType === undefined) return undefined;
  if (contentType === mediaTypes.protobuf) return "protobuf";
  if (contentType === mediaTypes.json) return "json";
  const type = (contentType.split(";", 1)[0] as string).trim().toLowerCase();
  if (type === mediaTypes.protobuf) return "protobuf";
  return type === mediaTypes.json ? "json" : undefined;
}

function unsupportedMediaType(contentType: string | undefined): ClewError {
  const what =
    contentType === undefined ? "no content-type" : `content-type ${contentType.slice(0, 80)}`;
  return new ClewError("unsupported_media_type", `${what} is not OTLP`, {
    hint: `send ${mediaTypes.protobuf} or ${mediaTypes.json}`,
  });
}

function notFound(path: string): ClewError {
  const unsupported = Object.hasOwn(unsupportedPaths, path) ? unsupportedPaths[path] : undefined;
  if (unsupported !== undefined) return new ClewError("unimplemented", unsupported);
  return new ClewError("not_found", `there is nothing at ${path.slice(0, 200)}`, {
    hint: "OTLP/HTTP is taken at /v1/traces and /v1/logs",
  });
}
