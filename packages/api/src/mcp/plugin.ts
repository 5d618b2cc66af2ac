// The MCP server at /mcp: Model Context Protocol over streamable HTTP, without sessions, by the official SDK.

import { Readable } from "node:stream";
import { ClewError } from "@clew/base";
import type { TraceqlReader, TraceReader } from "@clew/storage";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { disconnectSignal } from "../http/disconnect.ts";
import { errorBody, toClewError } from "../http/errors.ts";
import { tenantOf } from "../http/tenant.ts";
import { helpTool } from "./help-tool.ts";
import { searchTools } from "./search-tools.ts";
import type { Tool } from "./tool.ts";
import { traceTools } from "./trace-tools.ts";

export interface McpOptions {
  /** Asked at every call of a tool; may raise `unavailable`. */
  readonly reader: () => TraceReader;
  /** As `reader`. */
  readonly traceql: () => TraceqlReader;
  /** Clew's version. */
  readonly version: string;
  /** Configured tenant header, lower case. Default `x-scope-orgid`. */
  readonly tenantHeader?: string;
  /** Nanoseconds since 1970; what now means. For tests. */
  readonly now?: () => bigint;
}

const instructions =
  "Distributed traces in Clew. Begin with list_services, read traceql_help before the first query, find traces with search_traces, then look at one with trace_overview and critical_path. Attributes of a span are in span_details only.";
const tools: readonly Tool[] = [...searchTools, ...traceTools, helpTool];

/** Fastify plugin: `/mcp`. */
export async function mcpApi(server: FastifyInstance, options: McpOptions): Promise<void> {
  const handler = createMcpHandler(({ requestInfo }) => {
    const headers = Object.fromEntries(requestInfo?.headers ?? []);
    const onError = (error: ClewError): void => server.log.error({ err: error }, "MCP tool failed");
    return mcpServer(options, tenantOf(headers, options.tenantHeader), onError);
  });
  server.addHook("preClose", () => handler.close());
  server.route({
    method: ["GET", "POST", "DELETE"],
    url: "/mcp",
    handler: async (request, reply) => {
      refuseForeignPages(request);
      // A wrong tenant is an error of HTTP: the protocol's own would be called a fault of the server.
      tenantOf(request.headers, options.tenantHeader);
      const answer = await handler.fetch(webRequest(request, reply), { parsedBody: request.body });
      return sendWeb(answer, reply);
    },
  });
}

/** A page of another origin may not use the reader's browser to ask Clew. */
function refuseForeignPages({ headers }: FastifyRequest): void {
  const { origin, host } = headers;
  if (origin === undefined || URL.parse(origin)?.host === host) return;
  throw new ClewError("bad_request", "pages of another origin may not use the MCP server");
}

function webRequest(request: FastifyRequest, reply: FastifyReply): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    for (const one of [value ?? []].flat()) headers.append(name, one);
  headers.delete("content-length");
  const url = `http://${request.headers.host ?? "localhost"}${request.url}`;
  const init = { method: request.method, headers, signal: disconnectSignal(reply) };
  if (request.method !== "POST") return new Request(url, init);
  return new Request(url, { ...init, body: JSON.stringify(request.body ?? null) });
}

async function sendWeb(answer: Response, reply: FastifyReply): Promise<FastifyReply> {
  void reply.code(answer.status);
  answer.headers.forEach((value, name) => void reply.header(name, value));
  if (answer.body === null) return reply.send();
  return reply.send(Readable.fromWeb(answer.body));
}

function mcpServer(
  options: McpOptions,
  tenant: string,
  onError: (error: ClewError) => void,
): McpServer {
  const server = new McpServer(
    { name: "clew", title: "Clew", version: options.version },
    { instructions },
  );
  for (const { name, title, description, input, run } of tools) {
    const annotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };
    const config = { title, description, inputSchema: input, annotations };
    server.registerTool(name, config, async (given, { mcpReq }) => {
      try {
        const call = {
          get reader() {
            return options.reader();
          },
          get traceql() {
            return options.traceql();
          },
          tenant,
          nowNano: options.now?.() ?? BigInt(Date.now()) * 1_000_000n,
          signal: mcpReq.signal,
        };
        return { content: [{ type: "text", text: await run(given as never, call) }] };
      } catch (thrown) {
        const error = toClewError(thrown);
        if (error.code === "internal") onError(error);
        return { isError: true, content: [{ type: "text", text: errorText(error) }] };
      }
    });
  }
  return server;
}

/** What the model may read of an error: it can then do better. */
function errorText(error: ClewError): string {
  const { code, message, hint } = errorBody(error).error;
  return `${code}: ${message}${hint === undefined ? "" : `\n${hint}`}`;
}
