// What HTTP/2 has beyond HTTP/1: bodies read in the connection's context, pushes, streams that are reset, headers
// given as a list. In real processes with the built tracer.

import { afterEach, beforeEach, expect, test } from "vitest";
import { runProgram } from "../testing/program.ts";
import { CLIENT, ProgramBench, SERVER } from "../testing/program-bench.ts";

let bench: ProgramBench;

beforeEach(async () => {
  bench = await ProgramBench.start({ OTEL_SERVICE_NAME: "web" });
});

afterEach(() => bench.stop());

const HEAD = `import http2 from "node:http2"; import { once } from "node:events"; import { activeSpan, span } from "%sdk%";
  const serve = async (server) => { await once(server.listen(0, "127.0.0.1"), "listening"); return http2.connect("http://127.0.0.1:" + server.address().port); };`;

async function run(body: string): Promise<string> {
  return await bench.run(`${HEAD}\n${body}`);
}

const ofKind = (kind: number) => bench.sink.spans.filter((span) => span.kind === kind);

test("what is done with a body belongs to its request, by streams and by the older interface", async () => {
  const stdout = await run(`
    const heard = (readable, own, answer) => {
      readable.on("data", () => console.log("data", activeSpan() === own && own !== undefined));
      readable.on("end", () => { console.log("end", activeSpan() === own); answer(); });
    };
    const streams = http2.createServer();
    streams.on("stream", (stream) => heard(stream, activeSpan(), () => { stream.respond({ ":status": 200 }); stream.end(); }));
    const older = http2.createServer((request, response) => heard(request, activeSpan(), () => response.end()));
    for (const server of [streams, older]) {
      const session = await serve(server);
      const request = session.request({ ":path": "/", ":method": "POST" });
      request.resume().end("body");
      await once(request, "close");
      session.close(); server.close();
    }`);
  expect(stdout).toBe("data true\nend true\n".repeat(2));
});

test("a push is part of its request, and takes nothing of its place", async () => {
  const stdout = await run(`
    const server = http2.createServer();
    server.on("stream", (stream) => {
      const own = activeSpan();
      stream.pushStream({ ":path": "/style.css" }, (error, push) => { push.respond(); push.end("body {}"); });
      console.log(activeSpan() === own);
      stream.respond(); stream.end("page");
    });
    const session = await serve(server);
    session.on("stream", (pushed) => pushed.resume());
    await span("caller", () => once(session.request({ ":path": "/" }).resume(), "close"));
    session.close(); server.close();`);
  expect(stdout).toBe("true\n");
  await bench.sink.span("caller");
  expect(ofKind(SERVER).map(({ attributes }) => attributes["url.path"])).toEqual(["/"]);
});

test("headers given as a list carry the context, once", async () => {
  const stdout = await run(`
    const server = http2.createServer((request, response) => { console.log(request.headers.traceparent.length); response.end(); });
    const session = await serve(server);
    const list = [":method", "GET", ":path", "/list", "TraceParent", "passed on"];
    await span("caller", () => once(session.request(list).resume(), "close"));
    console.log(list.length);
    session.close(); server.close();`);
  expect(stdout).toBe("55\n6\n");
  const { traceId } = await bench.sink.span("caller");
  expect(ofKind(CLIENT)[0]?.attributes).toMatchObject({ "http.response.status_code": 200 });
  expect(ofKind(SERVER).map((span) => span.traceId)).toEqual([traceId]);
});

test("a stream that the client gives up has not been answered", async () => {
  await run(`
    const server = http2.createServer();
    server.on("stream", (stream) => { stream.respond(); stream.write("half"); });
    const session = await serve(server);
    const request = session.request({ ":path": "/" });
    await once(request, "data");
    request.close(http2.constants.NGHTTP2_CANCEL);
    await once(request, "close");
    session.close(); server.close();`);
  await bench.sink.until(() => ofKind(SERVER).length > 0);
  expect(ofKind(SERVER)[0]).toMatchObject({
    status: { code: 2 },
    attributes: { "error.type": "aborted", "http.response.status_code": 200 },
  });
});

test("an error that ends the program is the end of its request's span too", async () => {
  const ending = await runProgram(
    bench.place,
    "mjs",
    `${HEAD} process.on("uncaughtException", ({ code }) => { console.log(code); session.close(); server.close(); });
     const server = http2.createServer();
     server.on("stream", (stream) => { stream.on("error", () => {}); stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR); });
     const session = await serve(server);
     session.request({ ":path": "/" });`,
  );
  expect(ending.stdout).toBe("ERR_HTTP2_STREAM_ERROR\n");
  const [client] = ofKind(CLIENT);
  expect(client?.attributes["error.type"]).toBe("ERR_HTTP2_STREAM_ERROR");
  expect(client?.attributes["clew.span.unfinished"]).toBeUndefined();
});

test("ignored paths make no spans, not even inside", async () => {
  bench.place.env["CLEW_SDK_IGNORE_PATHS"] = "/health*";
  await run(`
    const server = http2.createServer((request, response) => span("inside", () => response.end()));
    const session = await serve(server);
    await once(session.request({ ":path": "/healthz?x=1" }).resume(), "close");
    session.close(); server.close();`);
  expect(bench.sink.spans).toEqual([]);
});
