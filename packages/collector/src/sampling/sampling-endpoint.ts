// `GET /sampling?service=x` as Jaeger answers it: JSON, and errors as plain text.

import type { IncomingMessage, ServerResponse } from "node:http";
import { ClewError } from "@clew/base";
import { createCors } from "../receivers/cors.ts";
import { toOtlpError } from "../receivers/otlp-error.ts";
import type { ReceiverSettings } from "../receivers/receiver-options.ts";
import { tenantOf } from "../receivers/tenant.ts";
import type { SamplingSource } from "./sampling-source.ts";

/** Paths on the port of OTLP/HTTP: Jaeger's own, and the one its collectors have. */
export const samplingPaths: readonly string[] = ["/sampling", "/api/sampling"];

export type AnswerSampling = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers requests for rates, wherever they come in. */
export function createSamplingEndpoint(
  source: SamplingSource,
  settings: ReceiverSettings,
): AnswerSampling {
  const cors = createCors(settings.corsOrigins);
  const strategy = async ({ url = "", method, headers }: IncomingMessage): Promise<Uint8Array> => {
    if (method !== "GET" && method !== "HEAD")
      throw new ClewError("method_not_allowed", `${method} is not possible here`);
    const mark = url.indexOf("?");
    const [service, ...more] = new URLSearchParams(mark < 0 ? "" : url.slice(mark)).getAll(
      "service",
    );
    if (service === undefined || more.length > 0)
      throw new ClewError("bad_request", "'service' parameter must be provided once");
    const tenant = tenantOf(settings.tenantHeaders, (name) => headers[name] as string | undefined);
    return (await source.strategy(tenant, service)).json;
  };
  return (request, response) => {
    const send = (status: number, type: string, body: Uint8Array | string): void => {
      const length = String(Buffer.byteLength(body));
      const head = ["content-type", type, "content-length", length];
      response.writeHead(status, [...head, ...(cors.headers(request.headers) ?? [])]).end(body);
    };
    strategy(request).then(
      (json) => send(200, "application/json", json),
      (thrown: unknown) => {
        const error = toOtlpError(thrown);
        if (error.ours) settings.onError(ClewError.from(thrown));
        send(error.httpStatus, "text/plain; charset=utf-8", `${error.message}\n`);
      },
    );
  };
}
