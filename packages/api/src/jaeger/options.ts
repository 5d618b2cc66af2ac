// What the Jaeger API needs of the process, and what every answer starts from.

import type { TraceReader } from "@clew/storage";
import type { FastifyReply, FastifyRequest } from "fastify";
import { disconnectSignal } from "../http/disconnect.ts";
import { type LooseQuery, looseQuery } from "../http/loose-query.ts";
import { tenantOf } from "../http/tenant.ts";

export interface JaegerApiOptions {
  /** Asked at every question, so that the listener can be up before the store; may raise `unavailable`. */
  readonly reader: () => TraceReader;
  /** Configured tenant header, lower case. */
  readonly tenantHeader?: string;
  /** Origins of pages that may read the answers; none by default. */
  readonly corsOrigins?: readonly string[];
  /** Nanoseconds since 1970. For tests. */
  readonly now?: () => bigint;
}

/** One question. */
export interface JaegerCall {
  readonly reader: TraceReader;
  readonly tenant: string;
  readonly query: LooseQuery;
  readonly nowNano: bigint;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

const dayNano = 86_400_000_000_000n;
/** Lists of names have no range of their own: whoever sent spans lately is listed. */
const listedDays = 7n;

export function jaegerCall(
  options: JaegerApiOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): JaegerCall {
  return {
    get reader() {
      return options.reader();
    },
    tenant: tenantOf(request.headers, options.tenantHeader),
    query: looseQuery(request),
    nowNano: options.now?.() ?? systemNow(),
    signal: disconnectSignal(reply),
    request,
    reply,
  };
}

/** Now, in nanoseconds since 1970. */
export function systemNow(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

/** The range that lists of services and operations cover. */
export function listedRange(nowNano: bigint): { startNano: bigint; endNano: bigint } {
  return { startNano: nowNano - listedDays * dayNano, endNano: nowNano + 1n };
}
