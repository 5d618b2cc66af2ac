// A stand-in for the server while working on the UI: serves dist with the SPA fallback and invented data.
//   node dev/fixture-server.ts [port]      default 5100; /?… with CLEW_FIXTURE=empty answers with nothing

import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join, normalize } from "node:path";
import { encodeColumns } from "@clew/codec";
import {
  heatmap,
  logs,
  openable,
  operations,
  type Range,
  redSeries,
  search,
  serviceMap,
  services,
  tracePrefix,
  values,
} from "./fake-api.ts";
import { fakeTrace } from "./fake-trace.ts";
import { say } from "./say.ts";

const dist = join(import.meta.dirname, "../dist");
const types: Readonly<Record<string, string>> = {
  html: "text/html",
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
};
const empty = process.env["CLEW_FIXTURE"] === "empty";
const started = BigInt(Date.now() - 90_000) * 1_000_000n;
const columns = new Map<string, Uint8Array>();

function traceColumns(suffix: string): Uint8Array {
  let bytes = columns.get(suffix);
  if (bytes === undefined) {
    bytes = encodeColumns(
      fakeTrace(BigInt(`0x${suffix}`), openable[suffix] as number, started, suffix === "aaaa"),
    );
    columns.set(suffix, bytes);
  }
  return bytes;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function api(path: string, query: URLSearchParams, response: ServerResponse): void {
  const range: Range = {
    start: BigInt(query.get("start") ?? 0),
    end: BigInt(query.get("end") ?? 0),
  };
  const step = Number(query.get("step") ?? 60e9);
  const service = query.get("service") ?? undefined;
  const parts = path.split("/").map(decodeURIComponent);
  const attribute = query.get("attribute") ?? "";
  if (attribute.includes("=~[")) {
    return send(response, 400, {
      error: {
        code: "bad_request",
        message: `the pattern ${attribute.split("=~")[1]} is not a regular expression`,
        hint: "Close the bracket, or write \\[ for the sign itself.",
      },
    });
  }
  if (path === "services") return send(response, 200, { services: empty ? [] : services(range) });
  if (parts[0] === "services" && parts[2] === "operations")
    return send(response, 200, { operations: operations(parts[1] as string, range) });
  if (path === "traces") return send(response, 200, empty ? { traces: [] } : search(query, range));
  if (path === "red") return send(response, 200, redSeries(service, range, step));
  if (path === "heatmap") return send(response, 200, heatmap(service, range, step));
  if (path === "service-map")
    return send(response, 200, empty ? { nodes: [], edges: [] } : serviceMap(range));
  if (path === "attributes") {
    const keys = [
      "http.request.method",
      "http.response.status_code",
      "db.system.name",
      "server.address",
      "url.path",
      "sku",
    ];
    return send(response, 200, {
      keys: keys
        .filter((key) => key.includes(query.get("prefix") ?? ""))
        .map((key) => ({ scope: "span", key, type: "string", count: 1200 })),
    });
  }
  if (parts[0] === "attributes")
    return send(response, 200, { values: values(query.get("prefix") ?? "") });
  if (parts[0] === "traces") return trace(parts[1] as string, parts[2] === "logs", response);
  send(response, 404, { error: { code: "not_found", message: `no such endpoint: ${path}` } });
}

function trace(id: string, wantsLogs: boolean, response: ServerResponse): void {
  const suffix = id.slice(-4);
  if (!id.startsWith(tracePrefix) || openable[suffix] === undefined) {
    return send(response, 404, {
      error: {
        code: "not_found",
        message: `no span of trace ${id} is stored`,
        hint: "It may still be arriving.",
      },
    });
  }
  if (wantsLogs) return send(response, 200, { logs: suffix === "aaaa" ? logs(id, started) : [] });
  response.writeHead(200, { "content-type": "application/vnd.clew.columns" });
  response.end(traceColumns(suffix));
}

async function page(path: string, response: ServerResponse): Promise<void> {
  const file = normalize(path).replace(/^\/+/, "") || "index.html";
  const body = await readFile(join(dist, file)).catch(() => undefined);
  const type = types[file.split(".").at(-1) as string] ?? "application/octet-stream";
  if (body !== undefined) response.writeHead(200, { "content-type": type }).end(body);
  else
    response
      .writeHead(200, { "content-type": "text/html" })
      .end(await readFile(join(dist, "index.html")));
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://fixture");
  if (url.pathname.startsWith("/api/v1/")) api(url.pathname.slice(8), url.searchParams, response);
  else await page(url.pathname, response);
}

const port = Number(process.argv[2] ?? 5100);
createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    say(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
}).listen(port, "127.0.0.1", () => say(`fixture on http://127.0.0.1:${port}`));
