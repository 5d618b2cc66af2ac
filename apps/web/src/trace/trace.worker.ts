// Fetches, decodes and lays out a trace off the main thread. Answers with the columns of the batch and
// of the layout, both moved, not copied.

import { layoutTrace, layoutTransfers, type TraceLayout } from "@clew/analysis";
import { ClewError } from "@clew/base";
import { decodeColumns } from "@clew/codec";
import { apiFetch } from "../api/client.ts";
import { type BatchColumns, takeColumns } from "./batch-transfer.ts";

export type TraceRequest =
  | { readonly id: number; readonly url: string }
  | { readonly id: number; readonly abort: true };

export type TraceAnswer =
  | { readonly id: number; readonly columns: BatchColumns; readonly layout: TraceLayout }
  | {
      readonly id: number;
      readonly error: {
        readonly code: string;
        readonly message: string;
        readonly hint?: string | undefined;
      };
    };

// `lib.dom` types the page's global scope; a worker's postMessage differs in its arguments.
const scope = self as unknown as {
  onmessage: (event: MessageEvent<TraceRequest>) => void;
  postMessage(answer: TraceAnswer, transfer?: Transferable[]): void;
};
const running = new Map<number, AbortController>();

scope.onmessage = ({ data }) => {
  if ("abort" in data) return running.get(data.id)?.abort();
  void load(data.id, data.url);
};

async function load(id: number, url: string): Promise<void> {
  const abort = new AbortController();
  running.set(id, abort);
  try {
    const response = await apiFetch(url, "application/vnd.clew.columns", abort.signal);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const batch = decodeColumns(bytes);
    const layout = layoutTrace(batch);
    const { columns, transfers } = takeColumns(batch);
    scope.postMessage({ id, columns, layout }, [...transfers, ...layoutTransfers(layout)]);
  } catch (thrown) {
    const { code, message, hint } = ClewError.from(thrown);
    scope.postMessage({ id, error: { code, message, hint } });
  } finally {
    running.delete(id);
  }
}
