// ws with real sockets: the handshake, messages in both directions, and context in the first field of a payload.

import { afterEach, beforeEach, expect, test } from "vitest";
import { CLIENT, CONSUMER, ProgramBench, SERVER } from "../testing/program-bench.ts";

let bench: ProgramBench;
beforeEach(async () => {
  bench = await ProgramBench.start();
});
afterEach(async () => await bench.stop());

const open = `import { once } from "node:events"; import { WebSocket, WebSocketServer } from "ws";
  import { span } from "%sdk%"; import { carry } from "@clew/sdk/messaging";
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" }); await once(server, "listening");
  const url = "ws://127.0.0.1:" + server.address().port + "/live?token=x";
  const close = (client) => { client.close(); server.close(); };`;

test("a handshake is one trace, and messages link to it", async () => {
  await bench.run(`${open}
    server.on("connection", (socket) => span("greeting", () => {
      socket.on("message", async (data) => { await new Promise((done) => setTimeout(done, 20)); socket.send("echo " + data); });
    }));
    const client = await span("caller", async () => { const c = new WebSocket(url); await once(c, "open"); return c; });
    const answered = once(client, "message");
    client.send("hello"); if (String((await answered)[0]) !== "echo hello") throw new Error("wrong"); close(client);`);
  const caller = bench.named("caller");
  const [request] = bench.of(CLIENT);
  const [handshake] = bench.of(SERVER);
  expect(request?.parentSpanId).toBe(caller.spanId);
  expect(handshake?.parentSpanId).toBe(request?.spanId);
  expect(bench.named("greeting").parentSpanId).toBe(handshake?.spanId);
  expect(handshake?.attributes).toMatchObject({
    "url.path": "/live",
    "http.response.status_code": 101,
    "network.protocol.name": "websocket",
  });
  const message = bench.of(CONSUMER).find(({ links }) => links !== undefined);
  expect(message?.name).toBe("process");
  expect(message?.attributes["messaging.destination.name"]).toBe("/live");
  expect(message?.parentSpanId).toBeUndefined();
  expect(message?.links).toMatchObject([{ spanId: handshake?.spanId }]);
  const { startTimeUnixNano = 0, endTimeUnixNano = 0 } = message ?? {};
  expect(Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6).toBeGreaterThan(18);
});

test("a server's only path names its messages", async () => {
  await bench.run(`${open.replace("port: 0,", 'port: 0, path: "/live",')}
    server.on("connection", (socket) => socket.on("message", () => socket.send("ok")));
    const client = new WebSocket(url); await once(client, "open");
    const answered = once(client, "message"); client.send("x"); await answered; close(client);`);
  // The client was told the whole URL, and does not know which others there are.
  const names = bench
    .of(CONSUMER)
    .map(({ name, attributes }) => [name, attributes["messaging.destination.template"]]);
  expect(names).toHaveLength(2);
  expect(names).toContainEqual(["process /live", "/live"]);
  expect(names).toContainEqual(["process", undefined]);
});

test("a payload that begins with its context continues the sender's trace", async () => {
  await bench.run(`${open}
    const got = []; server.on("connection", (socket) => socket.on("message", (data) => { got.push(data.toString()); socket.send("ok"); }));
    const client = new WebSocket(url); await once(client, "open");
    for (const payload of [JSON.stringify({ a: 1 }), '{"traceparent":"garbage","a":[[', '{"traceparent":']) {
      const answered = once(client, "message"); client.send(payload); await answered;
    }
    await span("sender", async () => { const answered = once(client, "message"); client.send(JSON.stringify({ ...carry(), a: 1 })); await answered; });
    if (got.length !== 4 || got[0] !== '{"a":1}') throw new Error(got.join()); close(client);`);
  const sender = bench.named("sender");
  const processed = bench.of(CONSUMER).filter(({ parentSpanId }) => parentSpanId === sender.spanId);
  expect(processed.map(({ traceId }) => traceId)).toEqual([sender.traceId]);
});

test("a promise that a listener handles elsewhere is handled; one that nobody handles ends the process", async () => {
  const listener = (body: string) => `${open}
    const work = async () => { await new Promise((done) => setTimeout(done, 20)); throw new Error("broke"); };
    server.on("connection", (socket) => socket.on("message", ${body}));
    const client = new WebSocket(url); await once(client, "open"); client.send("x");
    setTimeout(() => close(client), 300);`;
  await bench.run(listener("() => { const done = work(); done.catch(() => {}); return done; }"));
  const [processed] = bench.of(CONSUMER);
  expect(processed?.status?.code).toBe(2);
  expect(processed?.attributes).not.toHaveProperty("clew.span.unfinished");
  const { startTimeUnixNano = 0, endTimeUnixNano = 0 } = processed ?? {};
  expect(Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6).toBeGreaterThan(18);
  for (const body of ["() => work()", "async () => await work()"]) {
    await expect(bench.run(listener(body))).rejects.toThrow(/ended with 1: [^]*broke/);
  }
});

test("listeners of all kinds work, in order, and one that throws ends the process", async () => {
  await bench.run(`${open}
    const got = [];
    server.on("connection", (socket) => {
      socket.once("message", () => got.push("once")); socket.onmessage = ({ data }) => got.push(data);
      socket.on("message", function () { got.push(this === socket); socket.send("ok"); });
    });
    const client = new WebSocket(url); await once(client, "open");
    for (const text of ["a", "b"]) { const answered = once(client, "message"); client.send(text); await answered; }
    if (got.join() !== "once,a,true,b,true") throw new Error(got.join()); close(client);`);
  const failing = bench.run(`${open}
    server.on("connection", (socket) => socket.on("message", () => { throw new Error("broke"); }));
    const client = new WebSocket(url); await once(client, "open"); client.send("x");`);
  await expect(failing).rejects.toThrow(/ended with 1: [^]*broke/);
});
