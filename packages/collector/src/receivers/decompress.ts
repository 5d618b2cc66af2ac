// Content codings of request bodies (RFC 9110 8.4): identity, gzip, deflate and zstd (RFC 8878),
// for HTTP bodies and gRPC messages alike. Output is counted while it grows and stops at the limit,
// so a zip bomb costs no more memory than an honest body of the greatest size.

import zlib from "node:zlib";
import { ClewError } from "@clew/base";
import type { ByteLease } from "./byte-budget.ts";

export type Coding = "identity" | "gzip" | "deflate" | "zstd";

/** The codings as an Accept-Encoding header lists them. */
export const ACCEPTED_CODINGS = "gzip, deflate, zstd, identity";

// A trip to the thread pool costs about 80 us of CPU: as much as inflating 50 kB here and now, and
// a third of 200 kB. The output bound keeps the event loop free of anything longer than half a
// millisecond.
const SYNC_INPUT_BYTES = 32 * 1024;
const SYNC_OUTPUT_BYTES = 256 * 1024;
// Each chunk of output is a call of its own; small bodies should not pay for a large buffer.
const SMALL_INPUT_BYTES = 2 * 1024;
const SMALL_CHUNK_BYTES = 16 * 1024;
const CHUNK_BYTES = 128 * 1024;
// Parallel encoders cut at megabytes; thousands of frames are an attack on the CPU.
const MAX_ZSTD_FRAMES = 1000;
// 32 MiB: the widest window common encoders use; a frame header alone could ask for 2 GiB.
const zstdParams = { [zlib.constants.ZSTD_d_windowLogMax]: 25 };

interface Part {
  readonly output: Uint8Array;
  /** Input bytes used; fewer than given when something follows the end of the compressed data. */
  readonly consumed: number;
}

/**
 * The coding that a Content-Encoding or grpc-encoding header names; absent means identity.
 * Throws ClewError `unsupported_encoding` for unknown codings and for more than one.
 */
export function codingOf(header: string | undefined): Coding {
  if (header === undefined) return "identity";
  const name = header.trim().toLowerCase();
  switch (name) {
    case "":
    case "identity":
      return "identity";
    case "gzip":
    case "x-gzip":
      return "gzip";
    case "deflate":
    case "zstd":
      return name;
    default: {
      const what = name.includes(",") ? "more than one coding" : "the coding";
      throw new ClewError(
        "unsupported_encoding",
        `${what} (${name.slice(0, 64)}) is not supported`,
        {
          hint: `send one of: ${ACCEPTED_CODINGS}`,
        },
      );
    }
  }
}

/**
 * Decodes a whole body. Output bytes are taken from `lease`. Throws ClewError `malformed_payload`
 * for corrupt or truncated input and for bytes after its end, `payload_too_large` beyond
 * `limitBytes`, and what `lease` throws.
 */
export async function decompress(
  body: Uint8Array,
  coding: Coding,
  limitBytes: number,
  lease: ByteLease,
): Promise<Uint8Array> {
  if (coding === "identity") return body;
  const parts: Uint8Array[] = [];
  let length = 0;
  let rest = body;
  const grow = (bytes: number): void => {
    length += bytes;
    if (length > limitBytes) throw tooLarge(limitBytes);
    lease.take(bytes);
  };
  // Node decodes all members of a gzip body, but only the first frame of a zstd body.
  for (let frame = 1; frame <= MAX_ZSTD_FRAMES; frame++) {
    const part = inflateNow(rest, coding, grow) ?? (await inflateInPool(rest, coding, grow));
    parts.push(part.output);
    rest = rest.subarray(part.consumed);
    if (rest.length === 0) return parts.length === 1 ? part.output : Buffer.concat(parts, length);
    if (coding !== "zstd" || part.consumed === 0) break;
  }
  throw corrupt(coding, `${rest.length} bytes follow its end`);
}

/** Decodes on this thread; undefined when input or output are too large for that. */
function inflateNow(
  body: Uint8Array,
  coding: Coding,
  grow: (bytes: number) => void,
): Part | undefined {
  if (body.length > SYNC_INPUT_BYTES) return undefined;
  const options = {
    maxOutputLength: SYNC_OUTPUT_BYTES,
    chunkSize: body.length <= SMALL_INPUT_BYTES ? SMALL_CHUNK_BYTES : CHUNK_BYTES,
    info: true,
  };
  let result: unknown;
  try {
    if (coding === "gzip") result = zlib.gunzipSync(body, options);
    else if (coding === "zstd")
      result = zlib.zstdDecompressSync(body, { ...options, params: zstdParams });
    else if (isZlib(body)) result = zlib.inflateSync(body, options);
    else result = zlib.inflateRawSync(body, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return undefined;
    throw corrupt(coding, error);
  }
  // What `info: true` makes of the return value; node's types do not know.
  const { buffer, engine } = result as { buffer: Buffer; engine: { bytesWritten: number } };
  grow(buffer.length);
  return { output: buffer, consumed: engine.bytesWritten };
}

function inflateInPool(
  body: Uint8Array,
  coding: Coding,
  grow: (bytes: number) => void,
): Promise<Part> {
  const stream = openStream(body, coding);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => {
      try {
        grow(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        stream.destroy();
        reject(error);
      }
    });
    stream.on("error", (error) => reject(corrupt(coding, error)));
    stream.on("end", () =>
      resolve({ output: Buffer.concat(chunks), consumed: stream.bytesWritten }),
    );
    stream.end(body);
  });
}

type Inflater = zlib.Gunzip | zlib.Inflate | zlib.InflateRaw | zlib.ZstdDecompress;

function openStream(body: Uint8Array, coding: Coding): Inflater {
  const options = { chunkSize: CHUNK_BYTES };
  if (coding === "gzip") return zlib.createGunzip(options);
  if (coding === "zstd") return zlib.createZstdDecompress({ ...options, params: zstdParams });
  return isZlib(body) ? zlib.createInflate(options) : zlib.createInflateRaw(options);
}

// "deflate" means zlib's wrapping (RFC 1950), but senders that leave the wrapping out are common.
function isZlib(body: Uint8Array): boolean {
  const [first = 0, second = 0] = body;
  return (first & 0x0f) === 8 && first >> 4 <= 7 && ((first << 8) | second) % 31 === 0;
}

/** The error for a body over the limit, before or after decompression. */
export function tooLarge(limitBytes: number): ClewError {
  return new ClewError("payload_too_large", `the body is larger than ${limitBytes} bytes`, {
    hint: "send smaller batches, or raise CLEW_MAX_REQUEST_BYTES of the collector",
  });
}

function corrupt(coding: Coding, cause: unknown): ClewError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ClewError("malformed_payload", `the body is not valid ${coding}: ${reason}`, {
    cause,
  });
}
