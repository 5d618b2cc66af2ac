// Calls to other services: one CLIENT span for every attempt, stable HTTP semantic conventions,
// W3C context in the headers, a time limit, and retries for calls that may be repeated.
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { context, propagation, type Span, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { HttpProblem } from "./http-server.ts";
import { type Ports, portOf } from "./lifecycle.ts";
import { log } from "./log.ts";
import { inSpan } from "./span.ts";

/** One call; `template` holds {params}, which are filled in percent-encoded. */
export interface Call {
  peer: string;
  method: "GET" | "POST" | "DELETE";
  template: string;
  params?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string>>;
  body?: unknown;
  /** Limit of one attempt in milliseconds; 3,000 when left out. */
  timeoutMs?: number;
  /** How often to try at most; 1 when left out. Only for calls that may be repeated. */
  attempts?: number;
}

/** A peer's answer below 500. */
export interface CallReply {
  status: number;
  body: unknown;
}

/** Sends a call; throws HttpProblem 502 or 504 when the last attempt failed. */
export type Caller = (call: Call) => Promise<CallReply>;

const DEFAULT_TIMEOUT_MS = 3_000;

/** The card network is somebody else's: it has a public name, and no tracing. */
const HOSTS: Readonly<Record<string, string>> = { "card-network": "api.cardnetwork.example" };

class AttemptFailed extends Error {
  /** Becomes the span's `error.type`. */
  readonly errorType: string;
  readonly timedOut: boolean;

  constructor(message: string, errorType: string) {
    super(message);
    this.name = "AttemptFailed";
    this.errorType = errorType;
    this.timedOut = errorType === "timeout";
  }
}

// The services have names but no name server: every name leads to this machine.
const agent = new Agent({
  keepAlive: true,
  lookup: (_host, options, done) => {
    if (options.all === true) done(null, [{ address: "127.0.0.1", family: 4 }]);
    else done(null, "127.0.0.1", 4);
  },
});

function send(url: URL, call: Call, headers: Record<string, string>): Promise<IncomingMessage> {
  const timeoutMs = call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, {
      agent,
      method: call.method,
      headers: { ...headers, "content-type": "application/json" },
      signal: AbortSignal.timeout(timeoutMs),
    });
    outgoing.on("response", resolve);
    outgoing.on("error", reject);
    outgoing.end(call.body === undefined ? undefined : JSON.stringify(call.body));
  });
}

function attemptError(error: unknown, call: Call): AttemptFailed {
  const { name, code, message } = error as NodeJS.ErrnoException;
  if (name === "AbortError" || name === "TimeoutError") {
    const limit = call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return new AttemptFailed(`${call.peer} did not answer within ${limit} ms`, "timeout");
  }
  return new AttemptFailed(`${call.peer} is not reachable: ${message}`, code ?? name);
}

async function exchange(url: URL, call: Call, span: Span): Promise<CallReply> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  let reply: CallReply;
  try {
    const response = await send(url, call, headers);
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    reply = { status: response.statusCode ?? 0, body: text === "" ? undefined : JSON.parse(text) };
  } catch (error) {
    throw attemptError(error, call);
  }
  span.setAttribute("http.response.status_code", reply.status);
  if (reply.status >= 500) {
    throw new AttemptFailed(`${call.peer} answered ${reply.status}`, String(reply.status));
  }
  if (reply.status >= 400) {
    span.setAttribute("error.type", String(reply.status));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  return reply;
}

async function attempt(url: URL, call: Call, resend: number): Promise<CallReply> {
  const attributes = {
    "http.request.method": call.method,
    "url.full": url.href,
    "url.template": call.template,
    "server.address": url.hostname,
    "server.port": Number(url.port),
    "network.peer.address": "127.0.0.1",
    ...(resend === 0 ? {} : { "http.request.resend_count": resend }),
  };
  const name = `${call.method} ${call.template}`;
  return inSpan({ name, kind: SpanKind.CLIENT, attributes }, (span) => exchange(url, call, span));
}

function urlOf(ports: Ports, call: Call): URL {
  const path = call.template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(call.params?.[name] ?? ""),
  );
  const host = HOSTS[call.peer] ?? call.peer;
  const url = new URL(`http://${host}:${portOf(ports, call.peer)}${path}`);
  for (const [key, value] of Object.entries(call.query ?? {})) url.searchParams.set(key, value);
  return url;
}

/** A caller for a service that was told the ports of its peers. */
export function createCaller(ports: Ports): Caller {
  return async (call) => {
    const url = urlOf(ports, call);
    const attempts = call.attempts ?? 1;
    for (let resend = 0; ; resend += 1) {
      try {
        return await attempt(url, call, resend);
      } catch (error) {
        if (!(error instanceof AttemptFailed)) throw error;
        if (resend + 1 >= attempts) {
          throw new HttpProblem(error.timedOut ? 504 : 502, error.message, error);
        }
        log.warn(`${error.message}; trying again`, { "server.address": url.hostname });
      }
    }
  };
}
