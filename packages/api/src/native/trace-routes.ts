// The routes of a single trace: its spans in three encodings, and its logs.

import type { Readable } from "node:stream";
import { ClewError } from "@clew/base";
import { encodeColumns, encodeTraces, encodeTracesJson } from "@clew/codec";
import type { SpanBatch } from "@clew/model";
import { z } from "zod";
import { negotiateType } from "../http/accept.ts";
import { appendVary } from "../http/compression.ts";
import { textStream } from "../http/large-pieces.ts";
import { logsAnswer, tracesData } from "./answers.ts";
import { logRecords } from "./log-records.ts";
import { traceIdParameter } from "./parameters.ts";
import { json, none, questionErrors, type Route, route } from "./route.ts";

const encodings = [
  "application/json",
  "application/x-protobuf",
  "application/vnd.clew.columns",
] as const;

const parameters = z.strictObject({ traceId: traceIdParameter });

function body(batch: SpanBatch, type: (typeof encodings)[number]): Readable | Buffer {
  if (type === "application/json") return textStream(encodeTracesJson(batch));
  return asBuffer(type === "application/x-protobuf" ? encodeTraces(batch) : encodeColumns(batch));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const trace = route({
  operationId: "getTrace",
  path: "/traces/:traceId",
  summary:
    "All spans of a trace: OTLP JSON, OTLP protobuf or Clew's columns, as the Accept header asks.",
  parameters,
  query: none,
  answers: {
    200: {
      description: "The spans, ordered by start.",
      content: {
        "application/json": tracesData,
        "application/x-protobuf": undefined,
        "application/vnd.clew.columns": undefined,
      },
    },
  },
  errors: [...questionErrors, "not_found"],
  handle: async ({ reader, tenant, path, signal, request, reply }) => {
    const batch = await reader.trace(tenant, path.traceId, signal);
    if (batch === undefined || batch.length === 0) {
      throw new ClewError("not_found", `there is no trace ${path.traceId}`, {
        hint: "the trace may still be arriving, or its retention is over",
      });
    }
    const type = negotiateType(request.headers.accept, encodings);
    appendVary(reply, "accept");
    void reply.type(type === "application/json" ? "application/json; charset=utf-8" : type);
    return body(batch, type);
  },
});

const logs = route({
  operationId: "getTraceLogs",
  path: "/traces/:traceId/logs",
  summary: "Log records of a trace in time order.",
  parameters,
  query: none,
  answers: json("The records; empty when there are none.", logsAnswer),
  errors: questionErrors,
  handle: async ({ reader, tenant, path, signal }) => ({
    logs: logRecords(await reader.traceLogs(tenant, path.traceId, signal)),
  }),
});

export const traceRoutes: readonly Route[] = [trace, logs];
