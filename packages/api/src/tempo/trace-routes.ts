// A trace by its id: version 1 (tempopb.Trace) and version 2 (TraceByIDResponse, with a filter).

import { ClewError } from "@clew/base";
import { encodeTempoTrace, encodeTempoTraceJson, encodeTraceByIdResponse } from "@clew/codec";
import { SpanBatch } from "@clew/model";
import type { FastifyRequest } from "fastify";
import { textStream } from "../http/large-pieces.ts";
import {
  type Ask,
  answerForm,
  asBuffer,
  flagOf,
  numberOf,
  type TempoCall,
  type TempoOptions,
} from "./call.ts";
import { llmTrace } from "./llm-trace.ts";
import { chosenRows, parseTraceFilter, type TraceFilter } from "./trace-filter.ts";

export function traceRoutes(ask: Ask): void {
  ask("/api/traces/:id", versionOne);
  ask("/api/v2/traces/:id", versionTwo);
}

async function versionOne(options: TempoOptions, call: TempoCall): Promise<unknown> {
  const { asker, request, reply, signal } = call;
  const batch = await options.reader().trace(asker.tenant, traceIdOf(request), signal);
  if (batch === undefined || batch.length === 0) return reply.code(404).type("text/plain").send("");
  if (answerForm(call) === "protobuf") return asBuffer(encodeTempoTrace(batch));
  return textStream(encodeTempoTraceJson(batch, "batches"));
}

async function versionTwo(options: TempoOptions, call: TempoCall): Promise<unknown> {
  const traceId = traceIdOf(call.request);
  const filter = filterOf(call);
  const stored = await options.reader().trace(call.asker.tenant, traceId, call.signal);
  const batch = stored ?? new SpanBatch();
  const { chosen, partial } = await choose(options, call, batch, filter);
  switch (answerForm(call, true)) {
    case "protobuf":
      return asBuffer(encodeTraceByIdResponse(batch, chosen, partial));
    case "llm":
      return JSON.stringify({
        trace: llmTrace(batch, chosen),
        metrics: {},
        status: partial === undefined ? "COMPLETE" : "PARTIAL",
        ...(partial === undefined ? {} : { message: partial }),
      });
    case "json":
      return textStream(
        responseText(encodeTempoTraceJson(batch, "resourceSpans", chosen), partial),
      );
  }
}

function* responseText(
  trace: Iterable<string>,
  partial: string | undefined,
): Generator<string, void, undefined> {
  yield '{"trace":';
  yield* trace;
  yield ',"metrics":{}';
  yield partial === undefined
    ? ',"status":"COMPLETE"}'
    : `,"status":"PARTIAL","message":${JSON.stringify(partial)}}`;
}

function filterOf({ query }: TempoCall): TraceFilter | undefined {
  const text = query.one("q");
  if (text === undefined) return undefined;
  const filter = parseTraceFilter(text);
  if (!flagOf(query, "keep_hierarchy")) return { filter };
  const ancestors = numberOf(query, "ancestor_depth", -1);
  const descendants = numberOf(query, "match_depth", 0);
  return { filter, hierarchy: { ancestors, descendants } };
}

async function choose(
  options: TempoOptions,
  { asker, signal }: TempoCall,
  batch: SpanBatch,
  filter: TraceFilter | undefined,
): Promise<{ chosen: (row: number) => boolean; partial?: string }> {
  if (filter === undefined || batch.length === 0) return { chosen: () => true };
  const rows = await chosenRows(options.traceql(), asker.tenant, batch, filter, signal);
  const chosen = (row: number): boolean => rows.has(row);
  if (rows.size === batch.length) return { chosen };
  return { chosen, partial: `the filter leaves ${rows.size} of ${batch.length} spans` };
}

/** 32 hex digits, zeros put back in front. */
function traceIdOf(request: FastifyRequest): string {
  const { id } = request.params as { id: string };
  if (/^[0-9A-Fa-f]{1,32}$/.test(id)) return id.toLowerCase().padStart(32, "0");
  const shown = id.length > 64 ? `${id.slice(0, 64)}...` : id;
  throw new ClewError("bad_request", `invalid trace id ${JSON.stringify(shown)}`, {
    hint: "a trace id is 1 to 32 hex digits",
  });
}
