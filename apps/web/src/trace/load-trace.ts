// Opens a trace by way of the worker.

import { ClewError, type ErrorCode } from "@clew/base";
import { apiUrl } from "../api/client.ts";
import { wrapColumns } from "./batch-transfer.ts";
import type { TraceAnswer, TraceRequest } from "./trace.worker.ts";
import type { TraceModel } from "./trace-model.ts";

let worker: Worker | undefined;
let lastId = 0;
const waiting = new Map<
  number,
  { resolve: (answer: TraceAnswer) => void; reject: (error: unknown) => void }
>();

function startWorker(): Worker {
  const started = new Worker(new URL("./trace.worker.ts", import.meta.url), { type: "module" });
  started.onmessage = ({ data }: MessageEvent<TraceAnswer>) => {
    waiting.get(data.id)?.resolve(data);
    waiting.delete(data.id);
  };
  started.onerror = (event) => {
    // A worker that could not start or ran out of memory: the next trace gets a new one.
    worker = undefined;
    started.terminate();
    const error = new ClewError("internal", event.message || "The trace worker failed", {
      hint: "Reload the page. A trace too large for the browser's memory fails like this.",
    });
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  return started;
}

/** Fetches and lays out a trace. Throws ClewError: `not_found` when no span of it is stored. */
export async function loadTrace(traceId: string, signal: AbortSignal): Promise<TraceModel> {
  const id = ++lastId;
  worker ??= startWorker();
  const target = worker;
  const answer = await new Promise<TraceAnswer>((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    signal.addEventListener("abort", () => {
      target.postMessage({ id, abort: true } satisfies TraceRequest);
      waiting.delete(id);
      reject(signal.reason);
    });
    target.postMessage({ id, url: apiUrl(`/traces/${traceId}`) } satisfies TraceRequest);
  });
  if ("error" in answer) {
    const { code, message, hint } = answer.error;
    throw new ClewError(code as ErrorCode, message, hint === undefined ? {} : { hint });
  }
  return { traceId, batch: wrapColumns(answer.columns), layout: answer.layout };
}
