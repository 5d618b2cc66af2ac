// A server that answers Tempo's API from the shop of the native API's tests and a TraceQL reader in memory.

import type { ResultTrace } from "@clew/model";
import type { FastifyInstance } from "fastify";
import { createApiServer } from "../../http/server.ts";
import { cartTrace, now, payTrace, shop } from "../../native/testing/shop.ts";
import { tempoGrpc } from "../grpc-plugin.ts";
import { tempoApi } from "../plugin.ts";
import { type MemoryTraceqlReader, memoryTraceqlReader } from "./memory-traceql-reader.ts";

const second = 1_000_000_000n;

export const foundTraces: readonly ResultTrace[] = [
  {
    traceId: payTrace,
    startUnixNano: String(now - 30n * second),
    durationNano: "2000000000",
    rootService: "web",
    rootName: "POST /pay",
    spanCount: 1,
    errorCount: 1,
    services: { web: { spans: 1, errors: 1 } },
    spansets: [
      {
        matched: 1,
        values: [{ name: "count()", value: { type: "int", value: "1" } }],
        spans: [
          {
            spanId: "00000000000000b1",
            name: "POST /pay",
            startUnixNano: String(now - 30n * second),
            durationNano: "2000000000",
            values: [
              { name: "span.http.response.status_code", value: { type: "int", value: "502" } },
              { name: "status", value: { type: "status", value: "error" } },
              { name: "name", value: { type: "string", value: "POST /pay" } },
              {
                name: "event:timeSinceStart",
                value: { type: "duration", value: "1500000" },
              },
              { name: ".load", value: { type: "float", value: 0.25 } },
            ],
          },
        ],
      },
    ],
  },
  {
    traceId: cartTrace,
    startUnixNano: String(now - 7200n * second),
    durationNano: "12999999",
    spanCount: 2,
    errorCount: 0,
    services: { web: { spans: 1, errors: 0 }, cart: { spans: 1, errors: 0 } },
    spansets: [{ matched: 0, values: [], spans: [] }],
  },
];

export interface TempoShop {
  readonly server: FastifyInstance;
  readonly traceql: MemoryTraceqlReader;
}

export function tempoShop(traceql: MemoryTraceqlReader = memoryTraceqlReader()): TempoShop {
  const { reader } = shop();
  const server = createApiServer();
  const common = { traceql: () => traceql, now: () => now };
  server.register(tempoApi, {
    prefix: "/tempo",
    reader: () => reader,
    health: () => ({ status: "ok", reasons: [] }),
    version: "1.2.3",
    ...common,
  });
  server.register(tempoGrpc, { host: "127.0.0.1", port: 0, ...common });
  return { server, traceql };
}
