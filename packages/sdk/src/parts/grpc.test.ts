// Calls of @grpc/grpc-js of all kinds, in both module systems, and between processes of OpenTelemetry's instrumentation.

import type { ChildProcess } from "node:child_process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MODULE_SYSTEMS, provide, run, written } from "../testing/libraries.ts";
import { OtlpSink } from "../testing/otlp-sink.ts";
import { makePlace, type Place, removePlace, startProgram } from "../testing/program.ts";

let sink: OtlpSink;
let place: Place;

beforeEach(async () => {
  sink = await OtlpSink.start();
  place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "grpc" });
  provide(place, ["@grpc/grpc-js"]);
});

afterEach(async () => {
  removePlace(place);
  await sink.stop();
});

/** A service whose messages are plain text. */
const SERVICE = `
  const bytes = (text) => Buffer.from(text);
  const text = (buffer) => buffer.toString();
  const method = (name, requestStream, responseStream) => ({
    path: "/shop.Orders/" + name, requestStream, responseStream,
    requestSerialize: bytes, requestDeserialize: text, responseSerialize: bytes, responseDeserialize: text,
  });
  const service = {
    one: method("One", false, false), fails: method("Fails", false, false), throws: method("Throws", false, false),
    up: method("Up", true, false), down: method("Down", false, true), both: method("Both", true, true),
    breaks: method("Breaks", false, true), hangs: method("Hangs", false, true),
  };
  const Client = grpc.makeGenericClientConstructor(service, "Orders");
  const serve = async (handlers) => {
    const server = new grpc.Server();
    server.addService(service, handlers);
    const port = await new Promise((resolve, reject) => server.bindAsync(
      "127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))));
    return { server, port };
  };`;

test.each(MODULE_SYSTEMS)(
  "all kinds of calls join both sides, with their statuses: %s",
  async (kind) => {
    const ending = await run(
      place,
      kind,
      { "@grpc/grpc-js": "grpc", "%sdk%": "{ activeSpan, span }" },
      `${SERVICE}
     const inServer = [];
     const note = () => inServer.push(activeSpan()?.name);
     const { server, port } = await serve({
       one: (call, back) => { note(); setImmediate(() => back(null, call.request + "!")); },
       fails: (call, back) => back({ code: grpc.status.NOT_FOUND, details: "no such order" }),
       throws: () => { throw new Error("in the handler"); },
       up: (call, back) => { let all = ""; call.on("data", (part) => { all += part; }); call.on("end", () => { note(); back(null, all); }); },
       down: (call) => { note(); call.write("a"); call.write("b"); call.end(); },
       both: (call) => { call.on("data", (part) => call.write(part)); call.on("end", () => { note(); call.end(); }); },
       breaks: (call) => { call.write("a"); call.emit("error", { code: grpc.status.DATA_LOSS, details: "gone" }); },
       hangs: (call) => { call.write("a"); },
     });
     const client = new Client("127.0.0.1:" + port, grpc.credentials.createInsecure());
     const asked = (name, work) => span(name, (own) => new Promise((resolve) => work((...answer) => {
       if (activeSpan() !== own) console.log("context lost in " + name);
       resolve(answer);
     })));
     const read = (call, back) => { let all = ""; call.on("data", (part) => { all += part; });
       let code = 0; call.on("error", (error) => { code = error.code; }); call.on("status", () => back(all, code)); };
     const metadata = new grpc.Metadata();
     metadata.set("mine", "1");
     const answers = [
       await asked("one", (back) => client.one("x", metadata, back)),
       await asked("options", (back) => client.one("y", { deadline: Date.now() + 10000 }, back)),
       (await asked("fails", (back) => client.fails("x", back)))[0].code,
       (await asked("throws", (back) => client.throws("x", back)))[0].code,
       await asked("up", (back) => { const call = client.up(back); call.write("a"); call.write("b"); call.end(); }),
       await asked("down", (back) => read(client.down("x"), back)),
       await asked("both", (back) => { const call = client.both(); read(call, back); call.write("a"); call.end(); }),
       await asked("breaks", (back) => read(client.breaks("x"), back)),
       await asked("hangs", (back) => { const call = client.hangs("x"); call.once("data", () => call.cancel()); read(call, back); }),
     ];
     const untouched = Object.keys(metadata.getMap());
     client.close();
     await new Promise((resolve) => server.tryShutdown(resolve));
     console.log(JSON.stringify({ answers, inServer, untouched }));`,
    );
    expect(ending.stderr).toBe("");
    const { answers, inServer, untouched } = JSON.parse(ending.stdout) as Record<string, unknown[]>;
    expect(answers).toEqual([
      [null, "x!"],
      [null, "y!"],
      5,
      2,
      [null, "ab"],
      ["ab", 0],
      ["a", 0],
      ["a", 15],
      ["a", 1],
    ]);
    expect(inServer).toEqual(
      ["One", "One", "Up", "Down", "Both"].map((name) => `shop.Orders/${name}`),
    );
    expect(untouched).toEqual(["mine"]);
    await sink.until(({ spans }) => spans.filter((span) => span.kind === 2).length === 9);
    await sink.span("hangs");
    const statuses = [
      "one",
      "options",
      "fails",
      "throws",
      "up",
      "down",
      "both",
      "breaks",
      "hangs",
    ].map((name) => {
      const parent = sink.spans.find((span) => span.name === name);
      const client = sink.spans.find(({ parentSpanId }) => parentSpanId === parent?.spanId);
      const server = sink.spans.find(({ parentSpanId }) => parentSpanId === client?.spanId);
      return [client, server].map((span) => [
        span?.kind,
        span?.attributes["rpc.grpc.status_code"],
        span?.status?.code ?? 0,
      ]);
    });
    const fine = [
      [3, 0, 0],
      [2, 0, 0],
    ];
    expect(statuses).toEqual([
      fine,
      fine,
      [
        [3, 5, 2],
        [2, 5, 0],
      ],
      [
        [3, 2, 2],
        [2, 2, 2],
      ],
      fine,
      fine,
      fine,
      [
        [3, 15, 2],
        [2, 15, 2],
      ],
      [
        [3, 1, 2],
        [2, 1, 0],
      ],
    ]);
    const server = sink.spans.find((span) => span.kind === 2);
    expect(server?.attributes).toMatchObject({
      "rpc.system": "grpc",
      "rpc.service": "shop.Orders",
      "rpc.method": "One",
      "client.address": "127.0.0.1",
    });
    expect(
      sink.spans.some(({ attributes }) => attributes["http.request.method"] !== undefined),
    ).toBe(false);
  },
);

test("a stream that the program leaves is cancelled, and a tracestate in several parts stays whole", async () => {
  const ending = await run(
    place,
    "mjs",
    { "@grpc/grpc-js": "grpc", "%sdk%": "{ span }" },
    `${SERVICE}
     const { server, port } = await serve({ hangs: (call) => { call.write("a"); }, one: (call, back) => back(null, "x") });
     const client = new Client("127.0.0.1:" + port, grpc.credentials.createInsecure());
     await span("left", async () => { for await (const part of client.hangs("x")) break; });
     const proxy = (options, next) => new grpc.InterceptingCall(next(options), { start(metadata, listener, go) {
       metadata.set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
       metadata.add("tracestate", "first=1");
       metadata.add("tracestate", "second=2");
       go(metadata, listener);
     } });
     await new Promise((resolve) => client.one("x", { interceptors: [proxy] }, resolve));
     client.close();
     server.forceShutdown();`,
  );
  expect(ending.stderr).toBe("");
  const left = await sink.span("left");
  const call = sink.spans.find(({ parentSpanId }) => parentSpanId === left.spanId);
  expect(call?.attributes).toMatchObject({
    "error.type": "CANCELLED",
    "rpc.grpc.status_code": 1,
  });
  const behind = sink.spans.find(({ parentSpanId }) => parentSpanId === "b7ad6b7169203331");
  expect(behind?.traceState).toBe("first=1,second=2");
});

/** A process of before: OpenTelemetry's SDK and its instrumentation of gRPC, registered by hand. */
const OLD = `
  process.env.OTEL_SDK_DISABLED = "true";
  const { propagation, trace, context } = require("@opentelemetry/api");
  const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
  const { W3CTraceContextPropagator } = require("@opentelemetry/core");
  const { TracerProvider } = require("@opentelemetry/sdk-trace");
  const { GrpcInstrumentation } = require("@opentelemetry/instrumentation-grpc");
  const ended = [];
  const provider = new TracerProvider({ spanProcessors: [{
    onStart() {}, forceFlush: async () => {}, shutdown: async () => {},
    onEnd(span) { ended.push({ ...span.spanContext(), name: span.name, kind: span.kind, parent: span.parentSpanContext?.spanId }); },
  }] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  const instrumentation = new GrpcInstrumentation();
  instrumentation.setTracerProvider(provider);
  instrumentation.enable();
  const grpc = require("@grpc/grpc-js");`;

interface OldSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parent?: string;
  readonly kind: number;
}

test("a call goes from an old client through our server and client to an old server in one trace", async () => {
  const old = makePlace({ OTEL_SDK_DISABLED: "true" });
  const older = makePlace({ OTEL_SDK_DISABLED: "true" });
  try {
    for (const each of [old, older]) {
      provide(each, [
        "@grpc/grpc-js",
        "@opentelemetry/api",
        "@opentelemetry/core",
        "@opentelemetry/context-async-hooks",
        "@opentelemetry/instrumentation-grpc",
        "@opentelemetry/sdk-trace",
      ]);
    }
    const last = startProgram(
      older,
      "cjs",
      `${OLD}
       (async () => {${SERVICE}
         const { server, port } = await serve({ one: (call, back) => back(null, call.request + " served") });
         console.log(port);
         process.stdin.once("data", () => server.tryShutdown(() => { console.log(JSON.stringify(ended)); process.exit(); }));
       })();`,
    );
    const lastPort = await firstLine(last.child);
    const middle = startProgram(
      place,
      "mjs",
      written(
        "mjs",
        { "@grpc/grpc-js": "grpc" },
        `${SERVICE}
         const client = new Client("127.0.0.1:${lastPort}", grpc.credentials.createInsecure());
         const { server, port } = await serve({ one: (call, back) => client.one(call.request, back) });
         console.log(port);
         process.stdin.once("data", () => server.tryShutdown(() => { client.close(); process.stdin.destroy(); }));`,
      ),
    );
    const port = await firstLine(middle.child);
    const first = await startProgram(
      old,
      "cjs",
      `${OLD}
       (async () => {${SERVICE}
         const client = new Client("127.0.0.1:${port}", grpc.credentials.createInsecure());
         client.one("order", (error, answer) => { client.close(); console.log(JSON.stringify({ answer, ended: [...ended] })); });
         process.on("exit", () => console.log(JSON.stringify(ended)));
       })();`,
    ).ended;
    middle.child.stdin?.end("stop");
    last.child.stdin?.end("stop");
    const [middleEnding, lastEnding] = await Promise.all([middle.ended, last.ended]);
    expect([first.stderr, middleEnding.stderr, lastEnding.stderr]).toEqual(["", "", ""]);
    expect(first.stdout).toContain("order served");
    const [caller] = JSON.parse(first.stdout.trim().split("\n").at(-1) ?? "") as OldSpan[];
    const [callee] = JSON.parse(lastEnding.stdout.trim().split("\n").at(-1) ?? "") as OldSpan[];
    const server = sink.spans.find(({ kind }) => kind === 2);
    const client = sink.spans.find(({ kind }) => kind === 3);
    expect(server?.traceId).toBe(caller?.traceId);
    expect(server?.parentSpanId).toBe(caller?.spanId);
    expect(client?.parentSpanId).toBe(server?.spanId);
    expect(callee).toMatchObject({ traceId: caller?.traceId, parent: client?.spanId, kind: 1 });
  } finally {
    removePlace(old);
    removePlace(older);
  }
});

async function firstLine(child: ChildProcess): Promise<string> {
  return await new Promise((resolve) => {
    child.stdout?.once("data", (text: string) => resolve(text.trim()));
  });
}
