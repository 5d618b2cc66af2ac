// One HTTP/1.1 keep-alive connection that carries one request at a time. The load generator shares its
// machine with the server it measures, and node:http costs several times as much CPU a request as this.
// RFC 9112: status line, header fields, Content-Length and chunked bodies.

import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** A complete response. Header names are in lower case. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

interface Waiting {
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const MAX_RESPONSE = 16 * 1024 * 1024;
const HEAD_END = "\r\n\r\n";

/** Reads a response from the bytes received so far; undefined when more is needed. Throws on nonsense. */
export function parseResponse(received: Buffer, ended: boolean): HttpResponse | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const [statusLine = "", ...lines] = received.toString("latin1", 0, headEnd).split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new Error(`not an HTTP/1.1 answer: ${statusLine.slice(0, 80)}`);
  const rest = received.subarray(headEnd + HEAD_END.length);
  if (status < 200) return parseResponse(rest, ended);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const body = parseBody(status, headers, rest, ended);
  return body === undefined ? undefined : { status, headers, body };
}

function parseBody(
  status: number,
  headers: ReadonlyMap<string, string>,
  rest: Buffer,
  ended: boolean,
): Uint8Array | undefined {
  if (status === 204 || status === 304) return new Uint8Array(0);
  if (headers.get("transfer-encoding")?.toLowerCase().endsWith("chunked")) return parseChunks(rest);
  const length = headers.get("content-length");
  if (length === undefined) return ended ? rest : undefined;
  return rest.length < Number(length) ? undefined : rest.subarray(0, Number(length));
}

function parseChunks(rest: Buffer): Uint8Array | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(rest.toString("latin1", at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error("a chunk of the answer has no size");
    at = lineEnd + 2;
    if (size === 0) return rest.indexOf("\r\n", at) < 0 ? undefined : Buffer.concat(chunks);
    if (rest.length < at + size + 2) return undefined;
    chunks.push(rest.subarray(at, at + size));
    at += size + 2;
  }
}

/** Connects when first used and again after the other side has closed. */
export class HttpConnection {
  readonly #url: URL;
  readonly #timeoutMs: number;
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  #waiting: Waiting | undefined;

  constructor(url: URL, timeoutMs: number) {
    this.#url = url;
    this.#timeoutMs = timeoutMs;
  }

  /** Sends a request; `head` ends with the empty line. Rejects on connection errors and timeouts. */
  request(head: string, body: Uint8Array): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      const seconds = this.#timeoutMs / 1000;
      const timer = setTimeout(
        () => this.#fail(new Error(`no answer in ${seconds} s`)),
        this.#timeoutMs,
      );
      this.#waiting = { resolve, reject, timer };
      const socket = (this.#socket ??= this.#open());
      socket.cork();
      socket.write(head, "latin1");
      socket.write(body);
      socket.uncork();
    });
  }

  close(): void {
    this.#fail(new Error("closed"));
  }

  #open(): Socket {
    const secure = this.#url.protocol === "https:";
    const port = Number(this.#url.port || (secure ? 443 : 80));
    const host = this.#url.hostname.replace(/^\[|\]$/g, "");
    const socket = secure ? connectTls({ host, port, servername: host }) : connect({ host, port });
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#receive(socket, chunk));
    socket.on("error", (error) => this.#lost(socket, error));
    socket.on("end", () => this.#finish(socket, true));
    socket.on("close", () => this.#lost(socket, new Error("connection closed by the server")));
    return socket;
  }

  #receive(socket: Socket, chunk: Buffer): void {
    if (socket !== this.#socket) return;
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    if (this.#received.length > MAX_RESPONSE)
      this.#fail(new Error("the answer is larger than 16 MiB"));
    else this.#finish(socket, false);
  }

  #finish(socket: Socket, ended: boolean): void {
    if (socket !== this.#socket || this.#waiting === undefined) return;
    try {
      const response = parseResponse(this.#received, ended);
      if (response === undefined) return;
      const { resolve, timer } = this.#waiting;
      this.#waiting = undefined;
      this.#received = Buffer.alloc(0);
      clearTimeout(timer);
      if (ended || response.headers.get("connection")?.toLowerCase() === "close") this.#drop();
      resolve(response);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #lost(socket: Socket, error: Error): void {
    if (socket === this.#socket) this.#fail(error);
  }

  #drop(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#received = Buffer.alloc(0);
  }

  #fail(error: Error): void {
    this.#drop();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    waiting.reject(error);
  }
}
