// Bodies of POSTs as the bytes that were sent: numbers in them may have more digits than a double holds.

import { ClewError } from "@clew/base";
import type { FastifyInstance, FastifyRequest } from "fastify";

/**
 * Hands bodies to the routes of `server` unparsed, whatever type they are called: Jaeger UI names none for the
 * JSON of an uploaded file, so that browsers send it as `text/plain`.
 */
export function keepJsonBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    "*",
    { parseAs: "buffer" },
    async (_request: FastifyRequest, body: Buffer) => body,
  );
}

/** The body's bytes; none when there was no body. */
export function jsonBody(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** The body parsed. Raises `bad_request` when it is no JSON. */
export function parsedBody(request: FastifyRequest): unknown {
  try {
    return JSON.parse(jsonBody(request).toString("utf8")) as unknown;
  } catch (cause) {
    throw new ClewError("bad_request", "the body is not JSON", { cause });
  }
}
