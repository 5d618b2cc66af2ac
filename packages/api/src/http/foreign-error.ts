// Errors of APIs whose error bodies are not Clew's own: status, headers and log line are the same as
// everywhere, and the API itself writes the text into its shape.

import type { FastifyReply, FastifyRequest } from "fastify";
import { errorBody, httpStatus, toClewError } from "./errors.ts";

export interface ForeignError {
  readonly status: number;
  /** What may be shown, with the hint where there is one. */
  readonly text: string;
}

/** Sets the head of the answer to `thrown` and gives what its body has to say. */
export function beginError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): ForeignError {
  const error = toClewError(thrown);
  const status = httpStatus(error.code);
  if (status >= 500) request.log.error({ err: thrown, url: request.url }, "request failed");
  else request.log.debug({ code: error.code, url: request.url }, error.message);
  if (error.retryAfterMs !== undefined)
    void reply.header("retry-after", Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  void reply.code(status).header("cache-control", "no-store");
  const { message, hint } = errorBody(error).error;
  return { status, text: hint === undefined ? message : `${message} (${hint})` };
}
