// One OTLP/HTTP request. Compression runs on libuv's threads; sockets do not keep the process alive.

import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
// Not the global ones, which test runners and DOM shims replace by such as know no `unref`.
import { clearTimeout, setTimeout } from "node:timers";
import type { ExportSettings } from "../config/settings.ts";
import { SDK_VERSION } from "../version.ts";
import { certificates, loadHttp, requestBody } from "./http-request.ts";
import { failureOf, type Outcome } from "./retry.ts";

const LARGEST_ANSWER = 64 * 1024;
/** Smaller bodies are not worth compressing. */
const SMALLEST_COMPRESSED = 1024;
const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\])$/;

// Loaded when first needed.
const load = process.getBuiltinModule as (name: string) => unknown;
type Http = typeof import("node:http");
type Zlib = typeof import("node:zlib");

function message(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** `rejected_spans` and `error_message` of an ExportTraceServiceResponse in protobuf. */
export function partialSuccess(body: Buffer): { rejected: number; message: string } {
  const none = { rejected: 0, message: "" };
  if (body.length < 2 || body[0] !== 0x0a) return none;
  let at = (body[1] as number) < 0x80 ? 2 : 3;
  let { rejected, message: text } = none;
  while (at < body.length) {
    const tag = body[at++];
    let value = 0;
    for (let factor = 1; at < body.length; factor *= 128) {
      const byte = body[at++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    if (tag === 0x08) rejected = value;
    else if (tag === 0x12) {
      text = body.toString("utf8", at, at + value);
      at += value;
    } else break;
  }
  return { rejected, message: text };
}

/** Sends bodies to one URL. */
export class Transport {
  readonly #settings: ExportSettings;
  readonly #url: URL;
  readonly #encoding: "none" | "gzip" | "zstd";
  readonly #options: RequestOptions;
  readonly #request: Http["request"];

  /** Throws when the URL or a certificate file cannot be used. */
  constructor(settings: ExportSettings) {
    this.#settings = settings;
    this.#url = new URL(settings.url);
    const http = loadHttp(settings.url);
    this.#request = http.request;
    const wanted = settings.compression;
    // On one machine compression costs more than the bytes do.
    const automatic = LOCAL.test(this.#url.hostname) ? "none" : "gzip";
    this.#encoding = wanted === "auto" ? automatic : wanted;
    this.#options = {
      method: "POST",
      agent: new http.Agent({ keepAlive: true, maxSockets: settings.maxConcurrency }),
      timeout: settings.timeoutMs,
      ...certificates(settings),
    };
  }

  /** Sends an ExportTraceServiceRequest. Never rejects. */
  async send(body: Buffer): Promise<Outcome> {
    try {
      const { bytes: raw, type } = requestBody(this.#settings, body);
      const encoding = raw.length < SMALLEST_COMPRESSED ? "none" : this.#encoding;
      const bytes = encoding === "none" ? raw : await compress(raw, encoding);
      return await this.#post(bytes, encoding, type);
    } catch (error) {
      return { kind: "retry", afterMs: undefined, reached: false, message: message(error) };
    }
  }

  #post(bytes: Buffer, encoding: string, type: string): Promise<Outcome> {
    const headers: Record<string, string | number> = {
      "user-agent": `clew-sdk/${SDK_VERSION}`,
      ...this.#settings.headers,
      "content-type": type,
      "content-length": bytes.length,
    };
    if (encoding !== "none") headers["content-encoding"] = encoding;
    return new Promise((resolve, reject) => {
      const request: ClientRequest = this.#request(this.#url, { ...this.#options, headers });
      const deadline = setTimeout(() => {
        request.destroy(new Error(`no answer within ${this.#settings.timeoutMs} ms`));
      }, this.#settings.timeoutMs).unref();
      request.on("socket", (socket) => socket.unref());
      request.on("error", reject);
      request.on("close", () => clearTimeout(deadline));
      request.on("response", (response) => {
        read(response).then((answer) => resolve(outcome(response, answer)), reject);
      });
      request.end(bytes);
    });
  }
}

function outcome(response: IncomingMessage, answer: Buffer): Outcome {
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) {
    return failureOf(status, response.headers["retry-after"], Date.now());
  }
  const json = response.headers["content-type"]?.includes("json") === true;
  return { kind: "taken", ...(json ? { rejected: 0, message: "" } : partialSuccess(answer)) };
}

function read(response: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= LARGEST_ANSWER) chunks.push(chunk);
      else {
        resolve(Buffer.concat(chunks)); // the status is what counts
        response.destroy();
      }
    });
    response.on("end", () => resolve(Buffer.concat(chunks)));
    response.on("error", reject);
  });
}

function compress(body: Buffer, encoding: "gzip" | "zstd"): Promise<Buffer> {
  const zlib = load("node:zlib") as Zlib;
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, result: Buffer) => (error ? reject(error) : resolve(result));
    if (encoding === "zstd") zlib.zstdCompress(body, done);
    else zlib.gzip(body, { level: 3 }, done);
  });
}
