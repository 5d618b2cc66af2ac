// What the Zipkin API needs of the process, and what every answer starts from.

import type { TraceReader } from "@clew/storage";
import type { FastifyReply, FastifyRequest } from "fastify";
import { disconnectSignal } from "../http/disconnect.ts";
import { type LooseQuery, looseQuery } from "../http/loose-query.ts";
import { clewTenantHeader, defaultTenantHeader, tenantOf } from "../http/tenant.ts";

export interface ZipkinApiOptions {
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
export interface ZipkinCall {
  readonly reader: TraceReader;
  readonly tenant: string;
  /** Lower case. */
  readonly tenantHeaders: readonly string[];
  readonly query: LooseQuery;
  readonly nowNano: bigint;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export function zipkinCall(
  options: ZipkinApiOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): ZipkinCall {
  return {
    get reader() {
      return options.reader();
    },
    tenant: tenantOf(request.headers, options.tenantHeader),
    tenantHeaders: [clewTenantHeader, options.tenantHeader ?? defaultTenantHeader],
    query: looseQuery(request),
    nowNano: options.now?.() ?? BigInt(Date.now()) * 1_000_000n,
    signal: disconnectSignal(reply),
    request,
    reply,
  };
}
