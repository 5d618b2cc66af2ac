// Compression of answers: zstd or gzip, whichever the client prefers, for text and column bodies that are
// large or of unknown length. Streams stay streams, so backpressure reaches the source.

import { pipeline, Readable } from "node:stream";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import type { FastifyReply, FastifyRequest } from "fastify";
import { acceptWeights } from "./accept.ts";

const codings = ["zstd", "gzip"] as const;
export type ContentCoding = (typeof codings)[number];

/** Bodies of known length below this many bytes go out as they are. */
export const smallestCompressedBytes = 1024;

const compressible =
  /^(text\/|application\/(json|javascript|(x-)?protobuf|vnd\.clew\.columns|vnd\.grafana\.llm|manifest\+json)|image\/svg)/;

/** The coding to answer with, by RFC 9110's Accept-Encoding with q-values; undefined means as it is. */
export function negotiateCoding(acceptEncoding: string | undefined): ContentCoding | undefined {
  if (acceptEncoding === undefined) return undefined;
  const weights = acceptWeights(acceptEncoding);
  const weightOf = (coding: string): number => weights.get(coding) ?? weights.get("*") ?? 0;
  const [best] = codings.toSorted((a, b) => weightOf(b) - weightOf(a));
  return best !== undefined && weightOf(best) > 0 ? best : undefined;
}

function encoder(coding: ContentCoding): ReturnType<typeof createGzip | typeof createZstdCompress> {
  if (coding === "gzip") return createGzip({ level: 4 });
  return createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } });
}

function isLarge(payload: unknown): payload is string | Buffer | Readable {
  if (typeof payload === "string") return payload.length >= smallestCompressedBytes;
  if (Buffer.isBuffer(payload)) return payload.length >= smallestCompressedBytes;
  return payload instanceof Readable;
}

/** Fastify `onSend` hook that compresses what is worth it. Partial (206) and coded answers stay untouched. */
export async function compressAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  const type = String(reply.getHeader("content-type") ?? "");
  if (!compressible.test(type)) return payload;
  appendVary(reply, "accept-encoding");
  const untouched =
    reply.statusCode === 206 || reply.statusCode === 304 || request.method === "HEAD";
  if (untouched || reply.hasHeader("content-encoding") || !isLarge(payload)) return payload;
  const coding = negotiateCoding(request.headers["accept-encoding"]);
  if (coding === undefined) return payload;
  void reply.header("content-encoding", coding).removeHeader("content-length");
  const source = payload instanceof Readable ? payload : Readable.from([payload]);
  // An error of either side destroys both; Fastify sees it on the stream that it sends.
  return pipeline(source, encoder(coding), () => {});
}

/** Adds a field name to Vary without losing those that are there. */
export function appendVary(reply: FastifyReply, field: string): void {
  const vary = String(reply.getHeader("vary") ?? "");
  const fields = vary.split(",").map((name) => name.trim().toLowerCase());
  if (!fields.includes(field)) void reply.header("vary", vary === "" ? field : `${vary}, ${field}`);
}
