// HTTP servers and clients of all kinds, in real processes with the built tracer.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OtlpSink, type ReceivedSpan } from "../testing/otlp-sink.ts";
import { makePlace, nodes, type Place, removePlace, runProgram } from "../testing/program.ts";

let sink: OtlpSink;
let place: Place;

beforeEach(async () => {
  sink = await OtlpSink.start();
  place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "web" });
});

afterEach(async () => {
  removePlace(place);
  await sink.stop();
});

const SERVER = 2;
const CLIENT = 3;

async function run(
  kind: "cjs" | "mjs",
  source: string,
  node?: string,
  stdout?: string,
): Promise<void> {
  const ending = await runProgram(place, kind, source, node);
  expect(ending.stderr).toBe("");
  if (stdout !== undefined) expect(ending.stdout).toBe(stdout);
  expect(ending.code).toBe(0);
}

function ofKind(kind: number): ReceivedSpan[] {
  return sink.spans.filter((span) => span.kind === kind);
}

const SERVE = `
  const server = http.createServer(async (request, response) => {
    let body = "";
    request.on("data", (chunk) => { body += chunk; });
    request.on("end", () => span("handler", () => {
      response.statusCode = Number(new URL(request.url, "http://x").searchParams.get("status") ?? 200);
      response.end(body);
    }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = "http://127.0.0.1:" + server.address().port;
  const stop = () => { server.close(); server.closeAllConnections(); };`;

const HEAD = `import http from "node:http"; import { span } from "%sdk%"; ${SERVE}`;
const cjs = (body: string) =>
  `const http = require("node:http"); const { span } = require("%sdk%"); (async () => { ${SERVE} ${body} })();`;

const GET = `await new Promise((resolve, reject) => {
    http.get(base + "/a?token=abc&x=1", (response) => {
      span("in response callback", () => {});
      response.resume().on("end", resolve);
    }).on("error", reject);
  });`;

describe.each(nodes)("on %s", (node) => {
  test.each(["cjs", "mjs"] as const)("a call between %s services is one trace", async (kind) => {
    const body = `await span("caller", async () => { ${GET} }); stop();`;
    await run(kind, kind === "mjs" ? HEAD + body : cjs(body), node);
    const caller = await sink.span("caller");
    const [client] = ofKind(CLIENT);
    const [server] = ofKind(SERVER);
    const handler = await sink.span("handler");
    expect(client?.parentSpanId).toBe(caller.spanId);
    expect(server?.parentSpanId).toBe(client?.spanId);
    expect(handler.parentSpanId).toBe(server?.spanId);
    expect(new Set(sink.spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect((await sink.span("in response callback")).traceId).toBe(caller.traceId);
  });

  test("fetch makes one client span, and bodies are read in the request's context", async () => {
    await run(
      "mjs",
      `${HEAD} const answer = await span("caller", async () =>
         (await fetch(base + "/b", { method: "POST", body: "hello".repeat(1000) })).text());
       if (answer.length !== 5000) throw new Error("wrong body"); stop();`,
      node,
    );
    expect(ofKind(CLIENT)).toHaveLength(1);
    expect(ofKind(SERVER)).toHaveLength(1);
    expect((await sink.span("handler")).parentSpanId).toBe(ofKind(SERVER)[0]?.spanId);
    expect(ofKind(SERVER)[0]?.parentSpanId).toBe(ofKind(CLIENT)[0]?.spanId);
  });

  test("http2 requests are traced on both sides", async () => {
    await run(
      "mjs",
      `import http2 from "node:http2"; import { span } from "%sdk%";
       const server = http2.createServer((request, response) => span("handler", () => response.end("x")));
       await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
       const client = http2.connect("http://127.0.0.1:" + server.address().port);
       await span("caller", () => new Promise((resolve, reject) => {
         client.request({ ":path": "/two?sig=1" }).on("error", reject).on("end", resolve).resume();
       }));
       await new Promise((resolve) => client.close(resolve)); server.close();`,
      node,
    );
    const [server] = ofKind(SERVER);
    const [client] = ofKind(CLIENT);
    expect(client?.parentSpanId).toBe((await sink.span("caller")).spanId);
    expect(server?.parentSpanId).toBe(client?.spanId);
    expect((await sink.span("handler")).parentSpanId).toBe(server?.spanId);
    expect(server?.attributes).toMatchObject({
      "http.response.status_code": 200,
      "url.path": "/two",
      "url.query": "sig=REDACTED",
      "network.protocol.version": "2",
    });
    expect(client?.attributes["url.full"]).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/two\?sig=REDACTED$/,
    );
  });
});

test("spans carry the stable HTTP attributes, with secrets hidden", async () => {
  await run("mjs", `${HEAD} ${GET} stop();`);
  const [server] = ofKind(SERVER);
  expect(server?.name).toBe("GET");
  expect(server?.attributes).toMatchObject({
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "url.path": "/a",
    "url.query": "token=REDACTED&x=1",
    "url.scheme": "http",
    "server.address": "127.0.0.1",
    "client.address": "127.0.0.1",
    "network.protocol.version": "1.1",
  });
  expect(typeof server?.attributes["server.port"]).toBe("number");
  expect(ofKind(CLIENT)[0]?.attributes["url.full"]).toMatch(/\/a\?token=REDACTED&x=1$/);
  expect(server?.resource).toMatchObject({ "service.name": "web", "telemetry.sdk.name": "clew" });
});

test("a status of 500 is an error of the server, 404 only of the client", async () => {
  await run(
    "mjs",
    `${HEAD} await fetch(base + "/?status=500"); await fetch(base + "/?status=404"); stop();`,
  );
  const server = ofKind(SERVER).map(({ status, attributes }) => [
    status?.code ?? 0,
    attributes["error.type"],
  ]);
  const client = ofKind(CLIENT).map(({ status, attributes }) => [
    status?.code ?? 0,
    attributes["error.type"],
  ]);
  expect(server).toEqual([
    [2, "500"],
    [0, undefined],
  ]);
  expect(client).toEqual([
    [2, "500"],
    [2, "404"],
  ]);
});

test("a client that goes away and a server that is not there are errors", async () => {
  await run(
    "mjs",
    `import http from "node:http"; import { once } from "node:events";
     const server = http.createServer((request) => request.socket.destroy());
     await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
     const port = server.address().port;
     await fetch("http://127.0.0.1:" + port).catch(() => {});
     await once(http.get({ port: 1, host: "127.0.0.1" }), "error");
     server.close();`,
  );
  expect(ofKind(SERVER)[0]?.attributes["error.type"]).toBe("aborted");
  const refused = ofKind(CLIENT).find(
    ({ attributes }) => attributes["error.type"] === "ECONNREFUSED",
  );
  expect(refused?.events[0]?.name).toBe("exception");
  expect(ofKind(CLIENT)).toHaveLength(2);
});

test("ignored paths make no spans, not even inside", async () => {
  place.env["CLEW_SDK_IGNORE_PATHS"] = "/health,/assets/*";
  await run(
    "mjs",
    `${HEAD} for (const p of ["/health", "/assets/a.css", "/x"]) await fetch(base + p); stop();`,
  );
  expect(ofKind(SERVER).map(({ attributes }) => attributes["url.path"])).toEqual(["/x"]);
  expect(sink.spans.filter(({ name }) => name === "handler")).toHaveLength(1);
});

test("unsampled requests carry the decision on and make no spans", async () => {
  place.env["OTEL_TRACES_SAMPLER"] = "always_off";
  await run(
    "mjs",
    `import http from "node:http"; import assert from "node:assert"; import { span } from "%sdk%";
     let seen; const server = http.createServer((q, r) => { seen = q.headers.traceparent; r.end(); });
     await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
     await span("x", () => fetch("http://127.0.0.1:" + server.address().port));
     assert.match(seen, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/); server.close(); server.closeAllConnections();`,
  );
  expect(sink.spans).toHaveLength(0);
});

test("a target with its host in it is taken apart, and ignored by its path", async () => {
  place.env["CLEW_SDK_IGNORE_PATHS"] = "/health";
  await run(
    "mjs",
    `${HEAD}
     const { connect } = await import("node:net");
     const ask = (target) => new Promise((resolve) => {
       const socket = connect(server.address().port, "127.0.0.1", () =>
         socket.write("GET " + target + " HTTP/1.1\\r\\nHost: other.example\\r\\nConnection: close\\r\\n\\r\\n"));
       socket.resume().on("close", resolve);
     });
     await ask("http://me:secret@shop.example:8080/a?token=abc&x=1");
     await ask("http://shop.example/health?x=1");
     await ask("http://shop.example");
     stop();`,
  );
  expect(ofKind(SERVER).map(({ attributes }) => attributes)).toMatchObject([
    {
      "url.path": "/a",
      "url.query": "token=REDACTED&x=1",
      "server.address": "shop.example",
      "server.port": 8080,
    },
    { "url.path": "/", "server.address": "shop.example", "server.port": 80 },
  ]);
  expect(JSON.stringify(sink.spans)).not.toContain("secret");
});

test("the answer names its trace when that is wanted", async () => {
  place.env["CLEW_SDK_TRACE_ID_HEADER"] = "x-trace-id";
  await run(
    "mjs",
    `${HEAD} const r = await fetch(base); if (!/^[0-9a-f]{32}$/.test(r.headers.get("x-trace-id"))) process.exitCode = 3; stop();`,
  );
});

test("a caller's trace headers that a program passes on are replaced, not doubled", async () => {
  const passed = `{ Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x-other": "kept" }`;
  await run(
    "mjs",
    `import http from "node:http"; import http2 from "node:http2"; import { once } from "node:events"; import { span } from "%sdk%";
     const seen = (headers) => console.log(headers.traceparent.length, headers["x-other"]);
     const server = http.createServer((request, response) => { seen(request.headers); response.end(); }).listen(0, "127.0.0.1");
     const server2 = http2.createServer((request, response) => { seen(request.headers); response.end(); }).listen(0, "127.0.0.1");
     await Promise.all([once(server, "listening"), once(server2, "listening")]);
     const base = "http://127.0.0.1:" + server.address().port;
     await (await fetch(base, { headers: ${passed} })).text();
     await new Promise((resolve) => http.get(base, { headers: ${passed} }, (response) => response.resume().on("end", resolve)));
     const session = http2.connect("http://127.0.0.1:" + server2.address().port);
     await once(session.request({ ":path": "/", ...${passed} }).resume(), "end");
     session.close(); server2.close(); server.close(); server.closeAllConnections();`,
    undefined,
    "55 kept\n55 kept\n55 kept\n",
  );
  expect(ofKind(CLIENT)).toHaveLength(3);
  const parents = new Set(ofKind(SERVER).map(({ parentSpanId }) => parentSpanId));
  expect(parents).toEqual(new Set(ofKind(CLIENT).map(({ spanId }) => spanId)));
});

test("objects that a framework puts in front of a request with a body work", async () => {
  await run(
    "cjs",
    `const http = require("node:http");
     const server = http.createServer((request, response) => {
       const wrapped = Object.create(request);
       wrapped.on("mine", () => console.log("heard")).emit("mine");
       request.resume().on("end", () => response.end());
     }).listen(0, "127.0.0.1", () => {
       const { port } = server.address();
       http.request({ port, method: "POST" }, (response) => response.resume().on("end", () => {
         server.close(); server.closeAllConnections();
       })).end("body");
     });`,
    undefined,
    "heard\n",
  );
});

test("an error of an HTTP/2 request that a program does not handle ends it as without us", async () => {
  const { code, stderr } = await runProgram(
    place,
    "cjs",
    `const session = require("node:http2").connect("http://127.0.0.1:1");
     session.on("error", () => {});
     session.request({ ":path": "/" });`,
  );
  expect(code).toBe(1);
  expect(stderr).toContain("ECONNREFUSED");
  expect(await sink.span("GET")).toMatchObject({ status: { code: 2 } });
});

test("an answer that breaks off keeps the status that was sent", async () => {
  await run(
    "cjs",
    `const http = require("node:http");
     const server = http.createServer((request, response) => {
       response.writeHead(206).write("half");
       setImmediate(() => response.destroy());
     }).listen(0, "127.0.0.1", () => {
       const done = () => { server.close(); server.closeAllConnections(); };
       http.get(server.address(), (response) => response.resume().on("error", done)).on("error", done);
     });`,
  );
  const [server] = ofKind(SERVER);
  expect(server?.attributes).toMatchObject({
    "http.response.status_code": 206,
    "error.type": "aborted",
  });
});
