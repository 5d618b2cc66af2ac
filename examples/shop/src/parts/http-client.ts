// Calls to other services over HTTP, with a time limit, and retries for calls that may be repeated. The tracer gives
// every attempt a span and sends the context along.
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { HttpProblem } from "./http-server.ts";
import { type Ports, portOf } from "./lifecycle.ts";
import { log } from "./log.ts";

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
  readonly timedOut: boolean;

  constructor(message: string, timedOut: boolean) {
    super(message);
    this.name = "AttemptFailed";
    this.timedOut = timedOut;
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

function send(url: URL, call: Call): Promise<IncomingMessage> {
  const timeoutMs = call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, {
      agent,
      method: call.method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      signal: AbortSignal.timeout(timeoutMs),
    });
    outgoing.on("response", resolve);
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function attemptError(error: unknown, call: Call): AttemptFailed {
  const { name, message } = error as Error;
  if (name === "AbortError" || name === "TimeoutError") {
    const limit = call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return new AttemptFailed(`${call.peer} did not answer within ${limit} ms`, true);
  }
  return new AttemptFailed(`${call.peer} is not reachable: ${message}`, false);
}

async function attempt(url: URL, call: Call): Promise<CallReply> {
  let reply: CallReply;
  try {
    const response = await send(url, call);
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    reply = { status: response.statusCode ?? 0, body: text === "" ? undefined : JSON.parse(text) };
  } catch (error) {
    throw attemptError(error, call);
  }
  if (reply.status < 500) return reply;
  throw new AttemptFailed(`${call.peer} answered ${reply.status}`, false);
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
        return await attempt(url, call);
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
