// Sends an empty OTLP request to where spans go, and says in words what the answer, or its absence, means.

import { readFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { connect } from "node:http2";
import { request as httpsRequest } from "node:https";
import type { Finding } from "./finding.ts";
import { note, ok, problem } from "./finding.ts";

/** Where and how spans are sent. */
export interface Endpoint {
  readonly url: string;
  readonly protocol: string;
  readonly caFile?: string | undefined;
  /** Headers that the environment gives. */
  readonly headers: Readonly<Record<string, string>>;
  /** The program has set headers in code, which nobody else knows. */
  readonly headersInCode: boolean;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly date: string | undefined;
  readonly sentMs: number;
  readonly receivedMs: number;
}

const TIMEOUT_MS = 5000;
/** The Date header has whole seconds. */
const CLOCK_TOLERANCE_MS = 2000;

function post(endpoint: Endpoint): Promise<Answer> {
  const url = new URL(endpoint.url);
  const json = endpoint.protocol === "http/json";
  const options: RequestOptions & { ca?: Buffer } = {
    method: "POST",
    timeout: TIMEOUT_MS,
    headers: {
      ...endpoint.headers,
      "content-type": json ? "application/json" : "application/x-protobuf",
    },
    ...(endpoint.caFile === undefined ? {} : { ca: readFileSync(endpoint.caFile) }),
  };
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sentMs = Date.now();
    const request = send(url, { ...options, agent: false }, (response: IncomingMessage) => {
      response.resume();
      const { statusCode: status = 0, headers } = response;
      const type = headers["content-type"] ?? "";
      resolve({ status, type, date: headers.date, sentMs, receivedMs: Date.now() });
    });
    request.on("timeout", () => request.destroy(timeoutError()));
    request.on("error", reject);
    request.end(json ? "{}" : "");
  });
}

function timeoutError(): Error {
  return Object.assign(new Error(`no answer within ${TIMEOUT_MS} ms`), { code: "ETIMEDOUT" });
}

/** Whether HTTP/2 without TLS is spoken there, as gRPC receivers do. */
function speaksHttp2(url: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const session = connect(`http://${url.host}`);
    const end = (answer: boolean) => {
      clearTimeout(timer);
      session.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(false), TIMEOUT_MS);
    session.on("remoteSettings", () => end(true));
    session.on("error", () => end(false));
  });
}

/** `url` with port 4318 in place of 4317, else with the advice to use it. */
function httpPortHint(url: URL): string {
  if (url.port !== "4317") return "name the receiver's OTLP/HTTP port, by default 4318";
  const other = new URL(url);
  other.port = "4318";
  return `OTEL_EXPORTER_OTLP_ENDPOINT=${other.origin}`;
}

const TLS_HINTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "name it in OTEL_EXPORTER_OTLP_CERTIFICATE",
  SELF_SIGNED_CERT_IN_CHAIN: "name its authority in OTEL_EXPORTER_OTLP_CERTIFICATE",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "name its authority in OTEL_EXPORTER_OTLP_CERTIFICATE",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "name its authority in OTEL_EXPORTER_OTLP_CERTIFICATE",
  CERT_HAS_EXPIRED: "the receiver needs a new certificate; or a clock is wrong",
  ERR_TLS_CERT_ALTNAME_INVALID: "use the name that the certificate is made for",
};

async function failureFinding(url: URL, error: unknown): Promise<Finding> {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const where = url.host;
  if (TLS_HINTS[code] !== undefined) {
    return problem("tls", `the certificate of ${where} is refused: ${message}`, TLS_HINTS[code]);
  }
  if (url.protocol === "https:" && /EPROTO|ERR_SSL|wrong version number/.test(code + message)) {
    return problem("tls", `${where} does not speak TLS`, "use http:// instead of https://");
  }
  switch (code) {
    case "ECONNREFUSED":
      return problem(
        "endpoint_down",
        `nobody listens at ${where}`,
        "start the receiver (clew serve), or name another with OTEL_EXPORTER_OTLP_ENDPOINT",
      );
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return problem("endpoint_unknown", `the name ${url.hostname} cannot be resolved (${code})`);
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return problem("endpoint_down", `${where} does not answer (${code})`, "a firewall, perhaps");
    default:
  }
  if (url.protocol === "http:" && (await speaksHttp2(url))) return grpcFinding(url);
  const hint = "is it a TLS port? then use https://";
  return problem("not_http", `what answers at ${where} is no HTTP: ${message}`, hint);
}

function grpcFinding(url: URL): Finding {
  return problem(
    "grpc_port",
    `${url.host} is a gRPC port; the tracer sends OTLP over HTTP`,
    httpPortHint(url),
  );
}

function statusFinding(endpoint: Endpoint, { status, type }: Answer): Finding {
  const { url } = endpoint;
  if (status === 401 || status === 403) {
    const text = `${url} answers ${status}: it wants other credentials`;
    if (endpoint.headersInCode) {
      return note("not_allowed", text, "the program sets headers in code, which were not tried");
    }
    return problem("not_allowed", text, "set OTEL_EXPORTER_OTLP_HEADERS=authorization=...");
  }
  if (status === 404 || status === 405) {
    return problem(
      "wrong_path",
      `${url} answers ${status}: there is a server, but no OTLP receiver at this path`,
      "Clew takes OTLP over HTTP at port 4318; 4319 is its UI. Only OTEL_EXPORTER_OTLP_ENDPOINT gets /v1/traces added",
    );
  }
  if (status === 400 && /html|plain/.test(type)) {
    return problem("not_otlp", `${url} answers 400`, "is it a TLS port? then use https://");
  }
  if (status === 415) return problem("not_otlp", `${url} does not take ${endpoint.protocol}`);
  if (status === 429 || status >= 500) {
    return problem("endpoint_busy", `${url} answers ${status}: it takes no spans at present`);
  }
  if (status < 200 || status > 299) return problem("not_otlp", `${url} answers ${status}`);
  if (!/json|protobuf/.test(type)) {
    const told = type === "" ? "without a type" : `as ${type}`;
    return problem("not_otlp", `${url} answers ${status} ${told}: that is no OTLP receiver`);
  }
  return ok("endpoint", `${url} takes spans`);
}

function clockFinding({ date, sentMs, receivedMs }: Answer): Finding[] {
  const theirs = Date.parse(date ?? "");
  if (Number.isNaN(theirs)) return [];
  // The header is cut to the second: on average half of one is missing.
  const offset = theirs + 500 - (sentMs + receivedMs) / 2;
  if (Math.abs(offset) < CLOCK_TOLERANCE_MS + (receivedMs - sentMs) / 2) {
    return [ok("clock", "this machine's clock and the receiver's agree to the second")];
  }
  const seconds = Math.round(Math.abs(offset) / 1000);
  const direction = offset > 0 ? "behind" : "ahead of";
  const text = `this machine's clock is ${seconds} s ${direction} the receiver's`;
  return [problem("clock", text, "spans of different machines will not line up; set up NTP")];
}

/** Findings about an endpoint. Never throws. */
export async function checkEndpoint(endpoint: Endpoint): Promise<readonly Finding[]> {
  if (!URL.canParse(endpoint.url) || !/^https?:/.test(endpoint.url)) {
    const hint = "use a URL such as http://localhost:4318";
    return [problem("bad_url", `${endpoint.url} is no URL that spans can be sent to`, hint)];
  }
  const url = new URL(endpoint.url);
  try {
    const answer = await post(endpoint);
    const status = statusFinding(endpoint, answer);
    // Some gRPC servers answer HTTP/1.1 with a refusal of their own. A path that is not there says nothing: servers of
    // pages may speak HTTP/2 as well.
    const maybeGrpc = url.protocol === "http:" && /^(not_otlp|not_allowed)$/.test(status.kind);
    if (maybeGrpc && (await speaksHttp2(url))) return [grpcFinding(url)];
    return [status, ...clockFinding(answer)];
  } catch (error) {
    return [await failureFinding(url, error)];
  }
}
