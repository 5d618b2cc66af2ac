// Ten minutes of a small shop's spans and calls, and a server that answers Prometheus' API from them.

import type { FastifyInstance } from "fastify";
import { createApiServer } from "../../http/server.ts";
import { prometheusApi } from "../plugin.ts";
import { type MemoryRedReader, memoryRedReader, type Observation } from "./memory-red-reader.ts";

/** Noon, UTC. */
export const nowMs: number = Date.UTC(2027, 0, 15, 12, 0, 0);
const minuteMs = 60_000;

interface Kind {
  readonly labels: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly failed?: boolean;
  readonly aMinute: number;
}

const spanKinds: readonly Kind[] = [
  { labels: span("web", "GET /cart", "SERVER", "UNSET"), seconds: 0.1, aMinute: 6 },
  { labels: span("web", "POST /pay", "SERVER", "UNSET"), seconds: 0.4, aMinute: 2 },
  { labels: span("web", "POST /pay", "SERVER", "ERROR"), seconds: 2, aMinute: 1, failed: true },
  { labels: span("web", "SELECT", "CLIENT", "UNSET"), seconds: 0.01, aMinute: 30 },
  { labels: span("cart", "load", "SERVER", "UNSET"), seconds: 0.05, aMinute: 6 },
];
const edgeKinds: readonly Kind[] = [
  { labels: edge("web", "cart", ""), seconds: 0.06, aMinute: 6 },
  { labels: edge("web", "cart", ""), seconds: 0.2, aMinute: 3, failed: true },
  { labels: edge("web", "orders", "database"), seconds: 0.01, aMinute: 30 },
];

function span(service: string, name: string, kind: string, status: string): Kind["labels"] {
  const codes = { span_kind: `SPAN_KIND_${kind}`, status_code: `STATUS_CODE_${status}` };
  return { service, span_name: name, ...codes };
}

function edge(client: string, server: string, type: string): Kind["labels"] {
  return { client, server, connection_type: type };
}

/** Every kind so often a minute, in the ten minutes before now. */
function observed(kinds: readonly Kind[]): Observation[] {
  return kinds.flatMap(({ aMinute, ...kind }) =>
    Array.from({ length: 10 * aMinute }, (_, i) => ({
      ...kind,
      timeMs: nowMs - minuteMs * (1 + Math.floor(i / aMinute)) + (i % aMinute) * 1000,
    })),
  );
}

export interface RedShop {
  readonly server: FastifyInstance;
  readonly reader: MemoryRedReader;
}

/** `asOfMs`: what now means to the server. */
export function redShop(asOfMs: number = nowMs): RedShop {
  const reader = memoryRedReader(observed(spanKinds), observed(edgeKinds));
  const server = createApiServer();
  server.register(prometheusApi, {
    prefix: "/prometheus",
    redSeries: () => reader,
    version: "1.2.3",
    now: () => asOfMs,
  });
  return { server, reader };
}
