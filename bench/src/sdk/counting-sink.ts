// A backend that counts: OTLP spans exactly, requests of other protocols by what they hold. Runs in a process of
// its own. Arguments: milliseconds before each answer. Prints its port; `GET /count` tells what has arrived.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { decodeTraces } from "@clew/codec";
import { SpanBatch } from "@clew/model";

const delayMs = Number(process.argv[2] ?? 0);
let spans = 0;
let lastWork = 0;

function take(path: string, encoding: string | undefined, raw: Buffer): void {
  const body = encoding === "gzip" ? gunzipSync(raw) : raw;
  if (body.includes("last work")) lastWork++;
  if (path !== "/v1/traces") return;
  spans += decodeTraces(body, new SpanBatch()).accepted;
}

const server = createServer((request, response) => {
  if (request.url === "/count") {
    response.end(JSON.stringify({ spans, lastWork }));
    return;
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const answer = (): void => {
      try {
        take(request.url ?? "", request.headers["content-encoding"], Buffer.concat(chunks));
      } catch {
        // Not of a kind that is counted.
      }
      response.writeHead(200, { "content-type": request.headers["content-type"] ?? "text/plain" });
      response.end(request.url?.startsWith("/v0") === true ? "{}" : undefined);
    };
    if (delayMs > 0) setTimeout(answer, delayMs);
    else answer();
  });
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
