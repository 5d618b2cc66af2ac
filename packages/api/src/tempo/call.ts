// What every route of the Tempo API needs of a request: who asks, which parameters, and which form of answer.

import { ClewError } from "@clew/base";
import type { TraceqlReader, TraceReader } from "@clew/storage";
import type { FastifyReply, FastifyRequest } from "fastify";
import { negotiateType } from "../http/accept.ts";
import { appendVary } from "../http/compression.ts";
import { disconnectSignal } from "../http/disconnect.ts";
import { type LooseQuery, looseQuery } from "../http/loose-query.ts";
import { tenantOf } from "../http/tenant.ts";
import type { Health } from "../native/route.ts";
import type { Asker } from "./questions.ts";

export interface TempoOptions {
  /** Asked at every question, so that the listener can be up before the store; may raise `unavailable`. */
  readonly reader: () => TraceReader;
  /** As `reader`. */
  readonly traceql: () => TraceqlReader;
  readonly health: () => Health;
  /** Clew's version. */
  readonly version: string;
  /** Configured tenant header, lower case. Default `x-scope-orgid`. */
  readonly tenantHeader?: string;
  /** Nanoseconds since 1970; what now means. For tests. */
  readonly now?: () => bigint;
}

export interface TempoCall {
  readonly asker: Asker;
  readonly query: LooseQuery;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Hangs a question on a path. */
export type Ask = (
  path: string,
  answer: (options: TempoOptions, call: TempoCall) => Promise<unknown>,
) => void;

export function beginCall(
  options: TempoOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): TempoCall {
  const signal = disconnectSignal(reply);
  const tenant = tenantOf(request.headers, options.tenantHeader);
  const nowNano = (options.now ?? ((): bigint => BigInt(Date.now()) * 1_000_000n))();
  return { asker: { tenant, nowNano }, query: looseQuery(request), signal, request, reply };
}

export type AnswerForm = "json" | "protobuf" | "llm";

const forms = {
  "application/json": "json",
  "application/protobuf": "protobuf",
  "application/x-protobuf": "protobuf",
  "application/vnd.grafana.llm": "llm",
} as const;
const withoutLlm = ["application/json", "application/protobuf", "application/x-protobuf"] as const;
const withLlm = [...withoutLlm, "application/vnd.grafana.llm"] as const;

/** Sets the answer's type to what the client prefers. `offersLlm`: the route has the form for language models. */
export function answerForm({ request, reply }: TempoCall, offersLlm = false): AnswerForm {
  const type = negotiateType(request.headers.accept, offersLlm ? withLlm : withoutLlm);
  appendVary(reply, "accept");
  void reply.type(type);
  return forms[type];
}

/** A whole number of a parameter; `otherwise` when it is missing. Raises `bad_request`. */
export function numberOf(query: LooseQuery, name: string, otherwise: number): number {
  const text = query.one(name);
  if (text === undefined) return otherwise;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  throw invalid(name, text, "must be a whole number");
}

/** As {@link numberOf}, for numbers that must be positive when they are given; 0 for none. */
export function positiveOf(query: LooseQuery, name: string): number {
  const number = numberOf(query, name, 0);
  if (number > 0 || query.one(name) === undefined) return number;
  throw invalid(name, String(number), "must be a positive number");
}

export function flagOf(query: LooseQuery, name: string): boolean {
  const text = query.one(name);
  if (text === undefined) return false;
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw invalid(name, text, "must be true or false");
}

export function invalid(name: string, text: string, why: string): ClewError {
  const shown = text.length > 100 ? `${text.slice(0, 100)}...` : text;
  return new ClewError("bad_request", `invalid ${name}: ${why}, not ${JSON.stringify(shown)}`);
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
