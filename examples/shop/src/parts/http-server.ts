// JSON over HTTP, by Fastify, whose routes the tracer knows. They are written "GET /books/:isbn".
import type { RequestListener } from "node:http";
import { activeSpan, type SpanAttributes } from "@clew/sdk";
import fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import { log } from "./log.ts";

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
  /** The first value of a header, or undefined; the name in lower case. */
  header(name: string): string | undefined;
  /** Writes attributes of the business on the request's span. */
  readonly note: (attributes: SpanAttributes) => void;
}

/** Answers with a JSON body; status 200 unless it says otherwise. */
export type Handler = (request: ShopRequest) => Promise<{ status?: number; body: unknown }>;

/** Handlers by "METHOD /path/:param". */
export type Routes = Readonly<Record<string, Handler>>;

const MAX_BODY_BYTES = 64 * 1024;

function requestOf(request: FastifyRequest): ShopRequest {
  const span = activeSpan();
  return {
    params: request.params as Record<string, string>,
    query: new URL(request.url, "http://localhost").searchParams,
    body: request.body,
    header: (name) => [request.headers[name]].flat()[0],
    note: (attributes) => void span?.set(attributes),
  };
}

async function answer(request: FastifyRequest, reply: FastifyReply, handler: Handler) {
  const { status = 200, body } = await handler(requestOf(request));
  return reply.code(status).send(body);
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { message, status, statusCode } = error as Error & { status?: number; statusCode?: number };
  const code = status ?? statusCode ?? 500;
  if (code >= 500) log.error(`${request.method} ${request.url} failed: ${message}`, error);
  void reply.code(code).send({ error: message });
}

/** Answers requests by the given routes; `running` holds the work that is not finished yet. */
export async function answerWith(
  routes: Routes,
  running: Set<Promise<unknown>>,
): Promise<RequestListener> {
  const app = fastify({ bodyLimit: MAX_BODY_BYTES });
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) => {
    void reply.code(404).send({ error: `no route for ${request.url}` });
  });
  for (const [key, handler] of Object.entries(routes)) {
    const [method = "", url = ""] = key.split(" ");
    app.route({
      method,
      url,
      handler: (request, reply) => {
        const done = answer(request, reply, handler);
        running.add(done);
        const forget = (): void => void running.delete(done);
        done.then(forget, forget);
        return done;
      },
    });
  }
  await app.ready();
  return (request, response) => app.routing(request, response);
}
