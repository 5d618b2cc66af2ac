// What a route of the native API is: one entry from which both the listener and the OpenAPI document are
// made, so that neither can say what the other does not do.

import type { ErrorCode } from "@clew/base";
import type { TraceqlReader, TraceReader } from "@clew/storage";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Sampling } from "../sampling/sampling.ts";

/** State of the process as `GET /api/v1/health` shows it. */
export interface Health {
  readonly status: "ok" | "starting" | "degraded";
  /** Why it is not "ok", one sentence each. */
  readonly reasons: readonly string[];
}

export interface NativeApiOptions {
  /** Asked at every question, so that the listener can be up before the store; may raise `unavailable`. */
  readonly reader: () => TraceReader;
  /** As `reader`. */
  readonly traceql: () => TraceqlReader;
  readonly health: () => Health;
  /** Rates of sampling; their routes are `unimplemented` without. */
  readonly sampling?: Sampling;
  /** Clew's version, as `/health` and the OpenAPI document show it. */
  readonly version: string;
  /** Configured tenant header, lower case; `x-clew-tenant` is always read too. Default `x-scope-orgid`. */
  readonly tenantHeader?: string;
  /** Nanoseconds since 1970; what `now` means. For tests. */
  readonly now?: () => bigint;
}

/** Everything a route's handler may use. */
export interface Call<P, Q, B = undefined> {
  readonly reader: TraceReader;
  readonly traceql: TraceqlReader;
  readonly options: NativeApiOptions;
  readonly tenant: string;
  readonly path: P;
  readonly query: Q;
  readonly body: B;
  readonly nowNano: bigint;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Body of an answer by media type; undefined for bytes that JSON Schema cannot describe. */
export type AnswerContent = Readonly<Record<string, z.ZodType | undefined>>;

export interface Answer {
  readonly description: string;
  readonly content: AnswerContent;
}

export type Method = "GET" | "PUT" | "DELETE";

export interface RouteDescription<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodType = z.ZodUndefined,
> {
  readonly operationId: string;
  /** By default GET. */
  readonly method?: Method;
  /** Below `/api/v1`, parameters as `:name`. */
  readonly path: string;
  readonly summary: string;
  readonly parameters: P;
  readonly query: Q;
  /** The JSON that a request carries; absent when it carries none. */
  readonly body?: B;
  /** By HTTP status; errors are listed in `errors`. */
  readonly answers: Readonly<Record<number, Answer>>;
  readonly errors: readonly ErrorCode[];
  /** Gives the body: an object becomes JSON, a string or a stream goes out as it is with the type set by hand. */
  readonly handle: (call: Call<z.output<P>, z.output<Q>, z.output<B>>) => Promise<unknown>;
}

/** A route with its parameter types forgotten: what the plugin and the document walk over. */
export type Route = RouteDescription<z.ZodObject, z.ZodObject, z.ZodType>;

/** Checks a handler against its own parameters, then forgets the types. */
export function route<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodType = z.ZodUndefined,
>(description: RouteDescription<P, Q, B>): Route {
  return description;
}

/** The one JSON answer of most routes. */
export function json(description: string, schema: z.ZodType): Readonly<Record<number, Answer>> {
  return { 200: { description, content: { "application/json": schema } } };
}

/** For routes without parameters. */
export const none: z.ZodObject<Record<string, never>> = z.strictObject({});

/** What any question to the store can end in. */
export const questionErrors: readonly ErrorCode[] = [
  "bad_request",
  "limit_exceeded",
  "overloaded",
  "internal",
  "unavailable",
];
