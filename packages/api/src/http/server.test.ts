import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MetricsRegistry } from "../metrics/registry.ts";
import { metricsRoute } from "../metrics/route.ts";
import { createApiServer } from "./server.ts";

let server: FastifyInstance;
let metrics: MetricsRegistry;
beforeEach(async () => {
  metrics = new MetricsRegistry();
  server = createApiServer({ metrics });
  server.register(metricsRoute, { collect: () => metrics.collect() });
  server.get("/item/:id", async () => "ok");
  server.post("/item", async () => "ok");
  await server.listen({ host: "127.0.0.1", port: 0 });
});
afterEach(() => server.close());

/** What the server answers to these bytes. */
async function raw(bytes: string): Promise<string> {
  const socket = connect((server.server.address() as AddressInfo).port, "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk) => (text += chunk));
  socket.write(bytes);
  await once(socket, "close");
  return text;
}

test("bytes that are no HTTP get the one error shape", async () => {
  const text = await raw("\u0016\u0003\u0001 this is no HTTP\r\n\r\n");
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  const body: unknown = JSON.parse(text.split("\r\n\r\n")[1] ?? "");
  expect(body).toEqual({
    error: { code: "bad_request", message: "this is not an HTTP/1.1 request" },
  });
});

test("a header that is too large is told so", async () => {
  const text = await raw(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(600_000)}\r\n\r\n`);
  expect(text).toMatch(/^HTTP\/1\.1 431 /);
  expect(text).toContain("larger than 512 KiB");
});

test("a query as long as TraceQL takes reaches its route, percent-encoded too", async () => {
  const query = "%20".repeat(128 * 1024);
  const text = await raw(`GET /long?q=${query} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  expect(text).toMatch(/^HTTP\/1\.1 404 /);
});

test.each([
  ["too large", "x".repeat(2_000_000), "application/json", "payload_too_large"],
  ["of a strange type", "x", "text/strange", "unsupported_media_type"],
  ["broken", "{", "application/json", "bad_request"],
])("a body that is %s has its code", async (_what, payload, type, code) => {
  const headers = { "content-type": type };
  const answer = await server.inject({ method: "POST", url: "/item", payload, headers });
  expect(answer.json()).toMatchObject({ error: { code } });
});

test("requests are counted by route, not by path, and unknown paths together", async () => {
  for (const url of ["/item/1", "/item/2", "/a", "/b"]) await server.inject(url);
  const { body, headers } = await server.inject("/metrics");
  expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(body).toContain(
    'clew_http_request_duration_seconds_count{method="GET",route="/item/:id",status="200"} 2\n',
  );
  expect(body).toContain(
    'clew_http_request_duration_seconds_count{method="GET",route="other",status="404"} 2\n',
  );
});
