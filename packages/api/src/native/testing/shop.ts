// A small shop's traces and logs, around one moment, and a server that answers from them.

import { SpanKind, StatusCode } from "@clew/model";
import type { FastifyInstance } from "fastify";
import { createApiServer } from "../../http/server.ts";
import {
  type MemoryTraceqlReader,
  memoryTraceqlReader,
} from "../../tempo/testing/memory-traceql-reader.ts";
import { nativeApi } from "../plugin.ts";
import type { Health, NativeApiOptions } from "../route.ts";
import { type MemoryReader, memoryTraceReader } from "./memory-trace-reader.ts";
import type { TestLog, TestSpan } from "./spans.ts";

/** What `now` means in these tests. */
export const now = 1_800_000_000_000_000_000n;
const second = 1_000_000_000n;

export const cartTrace = "000000000000000000000000000ca270";
export const payTrace = "a0000000000000000000000000000001";

const spans: readonly TestSpan[] = [
  {
    traceId: cartTrace,
    spanId: "00000000000000a1",
    service: "web",
    name: "GET /cart",
    startNano: now - 60n * second,
    durationNano: 12_000_000,
    kind: SpanKind.Server,
    attributes: { "http.route": "/cart", "http.response.status_code": 200n },
  },
  {
    traceId: cartTrace,
    spanId: "00000000000000a2",
    parentId: "00000000000000a1",
    service: "cart",
    name: "load",
    startNano: now - 60n * second + 1_000_000n,
    durationNano: 9_000_000,
    kind: SpanKind.Server,
  },
  {
    traceId: payTrace,
    spanId: "00000000000000b1",
    service: "web",
    name: "POST /pay",
    startNano: now - 30n * second,
    durationNano: 2_000_000_000,
    kind: SpanKind.Server,
    status: StatusCode.Error,
    attributes: { "http.route": "/pay", "http.response.status_code": 502n, "a=b": "c" },
  },
];

const logs: readonly TestLog[] = [
  {
    traceId: payTrace,
    spanId: "00000000000000b1",
    service: "web",
    timeNano: now - 29n * second,
    body: "card refused",
    attributes: { attempt: 2n, "card.kind": "debit" },
  },
  {
    traceId: payTrace,
    spanId: "00000000000000b1",
    service: "web",
    timeNano: now - 28n * second,
    body: 42n,
  },
];

export interface Shop {
  readonly server: FastifyInstance;
  readonly reader: MemoryReader;
  readonly traceql: MemoryTraceqlReader;
}

/** A server that is not listening; `inject` requests into it, or `listen`. */
export function shop(
  options: { health?: Health } & Partial<Pick<NativeApiOptions, "reader" | "sampling">> = {},
): Shop {
  const reader = memoryTraceReader(spans, logs);
  const traceql = memoryTraceqlReader();
  const server = createApiServer();
  server.register(nativeApi, {
    reader: () => reader,
    traceql: () => traceql,
    version: "1.2.3",
    now: () => now,
    ...options,
    health:
      options.health === undefined
        ? () => ({ status: "ok", reasons: [] })
        : () => options.health as Health,
  });
  return { server, reader, traceql };
}
