// A client that goes away cancels its query, over HTTP and over gRPC.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import type { SearchResult } from "@clew/model";
import { Client, credentials } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { createApiServer } from "../http/server.ts";
import { memoryTraceReader } from "../native/testing/memory-trace-reader.ts";
import { zipkinApi } from "../zipkin/plugin.ts";
import { startJaegerGrpc } from "./grpc/server.ts";
import { jaegerApi } from "./plugin.ts";

/** A reader whose searches end only when they are cancelled. */
function waitingReader() {
  const asked = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const reader = memoryTraceReader([]);
  reader.search = (_query, signal): Promise<SearchResult> => {
    signal?.addEventListener("abort", () => cancelled.resolve());
    asked.resolve();
    return new Promise(() => {});
  };
  return { reader, asked: asked.promise, cancelled: cancelled.promise };
}

test.each(["/jaeger/api/traces", "/zipkin/api/v2/traces"])("over HTTP, %s", async (path) => {
  const { reader, asked, cancelled } = waitingReader();
  const server = createApiServer();
  server.register(jaegerApi, { prefix: "/jaeger", reader: () => reader });
  server.register(zipkinApi, { prefix: "/zipkin", reader: () => reader });
  await server.listen({ host: "127.0.0.1", port: 0 });
  const socket = connect((server.server.address() as AddressInfo).port, "127.0.0.1");
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await asked;
  socket.destroy();
  await once(socket, "close");
  await cancelled;
  await server.close();
});

test("over gRPC", async () => {
  const { reader, asked, cancelled } = waitingReader();
  const server = await startJaegerGrpc({
    host: "127.0.0.1",
    port: 0,
    reader: () => reader,
    onError: (error) => expect.fail(error.message),
  });
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const asIs = (bytes: Buffer): Buffer => bytes;
  const path = "/jaeger.api_v2.QueryService/FindTraces";
  const call = client.makeServerStreamRequest(path, asIs, asIs, Buffer.alloc(0));
  call.on("error", () => {});
  await asked;
  call.cancel();
  await cancelled;
  client.close();
  await server.stop(100);
});
