// Rarer forms of requests: heads that are made at once, proxies, connections that are handed over, answers that break
// off. In real processes with the built tracer.

import { afterEach, beforeEach, expect, test } from "vitest";
import { CLIENT, ProgramBench, SERVER } from "../testing/program-bench.ts";

let bench: ProgramBench;

beforeEach(async () => {
  bench = await ProgramBench.start({ OTEL_SERVICE_NAME: "web" });
});

afterEach(() => bench.stop());

const HEAD = `import http from "node:http"; import { createHash } from "node:crypto"; import { once } from "node:events";
  const server = http.createServer((request, response) => {
    if (request.url === "/half") { response.writeHead(200, { "content-length": 9 }).write("half"); setImmediate(() => response.destroy()); return; }
    request.resume().on("end", () => response.end(String(request.headers.traceparent?.length)));
  });
  server.on("upgrade", (request, socket) => {
    const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
    socket.write("HTTP/1.1 101 x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: " + accept + "\\r\\n\\r\\n");
    socket.on("data", () => socket.end());
  });
  server.on("connect", (request, socket) => socket.end("HTTP/1.1 200 OK\\r\\n\\r\\n"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address();
  const stop = () => { server.close(); server.closeAllConnections(); };
  const body = async (request) => { const [response] = await once(request, "response"); let text = ""; for await (const chunk of response) text += chunk; return text; };`;

async function run(body: string): Promise<string> {
  return await bench.run(`${HEAD}\n${body}\nstop();`);
}

const ofKind = (kind: number) => bench.sink.spans.filter((span) => span.kind === kind);

test("headers given as a list, and a request that waits for `100 Continue`, carry the context", async () => {
  const stdout = await run(`
    console.log(await body(http.get({ port, headers: ["host", "x", "TraceParent", "passed on"] })));
    const request = http.request({ port, method: "PUT", headers: { expect: "100-continue" } });
    request.on("continue", () => request.end("body"));
    console.log(await body(request));`);
  expect(stdout).toBe("55\n55\n");
  const parents = ofKind(SERVER).map(({ parentSpanId }) => parentSpanId);
  expect(new Set(parents)).toEqual(new Set(ofKind(CLIENT).map(({ spanId }) => spanId)));
  expect(parents).toHaveLength(2);
});

test("what a proxy is asked for is written down as it is", async () => {
  await run(`
    await body(http.get({ port, path: "http://user:word@shop.example/cart?token=abc", headers: { host: "shop.example" } }));
    const request = http.request({ port, method: "CONNECT", path: "shop.example:443" }).end();
    const [, socket] = await once(request, "connect");
    socket.destroy();`);
  const [whole, tunnel] = ofKind(CLIENT);
  expect(whole?.attributes["url.full"]).toBe("http://shop.example/cart?token=REDACTED");
  expect(tunnel?.attributes["url.full"]).toMatch(/^http:\/\/localhost:\d+$/);
  expect(tunnel?.attributes["http.response.status_code"]).toBe(200);
  expect(ofKind(SERVER)[0]?.attributes).toMatchObject({
    "url.path": "/cart",
    "url.query": "token=REDACTED",
  });
});

test("requests that hand their connection over end with it, WebSocket's too", async () => {
  await run(`
    const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": "x" };
    const [, socket] = await once(http.get({ port, path: "/plain", headers }), "upgrade");
    socket.end("x");
    await once(socket, "close");
    const webSocket = new WebSocket("ws://127.0.0.1:" + port + "/web");
    await once(webSocket, "open");
    webSocket.send("x");
    await once(webSocket, "close");`);
  const calls = ofKind(CLIENT).map(({ attributes }) => [
    String(attributes["url.full"]).replace(/^.*\//, ""),
    attributes["http.response.status_code"],
    attributes["clew.span.unfinished"],
  ]);
  expect(calls).toEqual([
    ["plain", 101, undefined],
    ["web", 101, undefined],
  ]);
});

test("an answer that breaks off is an error of the call", async () => {
  await run(`await body(http.get({ port, path: "/half" })).catch(() => {});`);
  expect(ofKind(CLIENT)[0]).toMatchObject({
    status: { code: 2 },
    attributes: { "http.response.status_code": 200, "error.type": "ECONNRESET" },
  });
});
