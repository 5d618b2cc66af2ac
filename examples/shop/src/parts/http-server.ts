// A small JSON-over-HTTP server whose every request is a SERVER span, with the attribute names
// of the stable HTTP semantic conventions. Routes are written "GET /books/{isbn}".
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { log } from "./log.ts";
import { failSpan } from "./span.ts";
import { tracer } from "./telemetry.ts";

/** An answer other than success that a handler chose; 5xx makes the span an error. */
export class HttpProblem extends Error {
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "HttpProblem";
    this.status = status;
  }
}

/** What a handler sees of a request. */
export interface ShopRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly span: Span;
  /** The first value of a header, or undefined; the name in lower case. */
  header(name: string): string | undefined;
}

/** Answers with a JSON body; status 200 unless it says otherwise. */
export type Handler = (request: ShopRequest) => Promise<{ status?: number; body: unknown }>;

/** Handlers by "METHOD /path/{param}". */
export type Routes = Readonly<Record<string, Handler>>;

interface Route {
  method: string;
  template: string;
  pattern: RegExp;
  handler: Handler;
}

const MAX_BODY_BYTES = 64 * 1024;

function compile(routes: Routes): Route[] {
  return Object.entries(routes).map(([key, handler]) => {
    const [method = "", template = ""] = key.split(" ");
    const pattern = new RegExp(`^${template.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);
    return { method, template, pattern, handler };
  });
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new HttpProblem(413, "body too large");
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (error) {
    throw new HttpProblem(400, "body is not JSON", error);
  }
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function startServerSpan(request: IncomingMessage, url: URL, route: Route | undefined): Span {
  const method = request.method ?? "GET";
  const userAgent = headerOf(request, "user-agent");
  return tracer.startSpan(
    route === undefined ? method : `${method} ${route.template}`,
    {
      kind: SpanKind.SERVER,
      attributes: {
        "http.request.method": method,
        "url.path": url.pathname,
        "url.scheme": "http",
        "server.address": url.hostname,
        "server.port": Number(url.port),
        "client.address": request.socket.remoteAddress ?? "",
        "network.protocol.version": request.httpVersion,
        ...(url.search === "" ? {} : { "url.query": url.search.slice(1) }),
        ...(route === undefined ? {} : { "http.route": route.template }),
        ...(userAgent === undefined ? {} : { "user_agent.original": userAgent }),
      },
    },
    propagation.extract(context.active(), request.headers),
  );
}

async function answer(
  request: IncomingMessage,
  url: URL,
  route: Route | undefined,
  span: Span,
): Promise<{ status: number; body: unknown }> {
  try {
    if (route === undefined) throw new HttpProblem(404, `no route for ${url.pathname}`);
    const reply = await route.handler({
      params: route.pattern.exec(url.pathname)?.groups ?? {},
      query: url.searchParams,
      body: await readJson(request),
      span,
      header: (name) => headerOf(request, name),
    });
    return { status: reply.status ?? 200, body: reply.body };
  } catch (error) {
    const status = error instanceof HttpProblem ? error.status : 500;
    const message = error instanceof Error ? error.message : String(error);
    if (status >= 500) {
      failSpan(span, error, String(status));
      log.error(`${request.method} ${url.pathname} failed: ${message}`, error);
    }
    return { status, body: { error: message } };
  }
}

function finish(response: ServerResponse, span: Span, status: number, body: unknown): void {
  span.setAttribute("http.response.status_code", status);
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  // The caller gave up and hung up; the work was done for nobody.
  if (response.destroyed) span.addEvent("response.abandoned");
  else response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  span.end();
}

/** Answers requests by the given routes; `running` holds the work that is not finished yet. */
export function answerWith(routes: Routes, running: Set<Promise<void>>): RequestListener {
  const table = compile(routes);
  return (request, response) => {
    const target = `http://${request.headers.host ?? "localhost"}${request.url ?? "/"}`;
    const url = URL.parse(target);
    if (url === null) {
      response.writeHead(400).end();
      return;
    }
    const route = table.find((r) => r.method === request.method && r.pattern.test(url.pathname));
    const span = startServerSpan(request, url, route);
    const done = context.with(trace.setSpan(context.active(), span), async () => {
      const { status, body } = await answer(request, url, route, span);
      finish(response, span, status, body);
    });
    running.add(done);
    void done.finally(() => running.delete(done));
  };
}
