// What the load sender needs of a protocol: send one encoded request, tell what became of it.

import { fields, varintAt } from "./otlp-reader.ts";

/** What a server made of one request. */
export type Reply =
  | { readonly type: "accepted"; readonly rejectedSpans: number; readonly message: string }
  /** The same request may succeed later; `afterMs` is the server's wish, if it gave one. */
  | { readonly type: "retry"; readonly reason: string; readonly afterMs: number | undefined }
  /** The request will never succeed. */
  | { readonly type: "refused"; readonly reason: string };

/** One lane sends one request at a time; lanes run at the same time. */
export interface Lane {
  /** Never rejects: connection errors and timeouts are `retry` replies. */
  send(body: Uint8Array): Promise<Reply>;
  close(): void;
}

/** Settings that all protocols share. */
export interface LaneOptions {
  readonly endpoint: string;
  readonly tenant: string | undefined;
  readonly gzip: boolean;
  /** After this long without an answer a request counts as lost, milliseconds. */
  readonly timeoutMs: number;
}

/** Reads an ExportTraceServiceResponse in protobuf. */
export function acceptedReply(body: Uint8Array): Reply {
  let rejectedSpans = 0;
  let message = "";
  fields(body, 0, body.length, (field, from, to) => {
    if (field !== 1) return;
    fields(body, from, to, (inner, start, end) => {
      if (inner === 1) rejectedSpans = varintAt(body, start);
      if (inner === 2) message = new TextDecoder().decode(body.subarray(start, end));
    });
  });
  return { type: "accepted", rejectedSpans, message };
}

/** Reads an ExportTraceServiceResponse in OTLP/JSON; anything unreadable counts as full success. */
export function acceptedJsonReply(body: Uint8Array): Reply {
  const nothing: Reply = { type: "accepted", rejectedSpans: 0, message: "" };
  try {
    const parsed = JSON.parse(new TextDecoder().decode(body)) as {
      partialSuccess?: { rejectedSpans?: unknown; errorMessage?: unknown };
    } | null;
    const partial = parsed?.partialSuccess;
    if (partial === undefined) return nothing;
    const rejectedSpans = Number(partial.rejectedSpans ?? 0) || 0;
    const { errorMessage } = partial;
    const message = typeof errorMessage === "string" ? errorMessage : "";
    return { type: "accepted", rejectedSpans, message };
  } catch {
    return nothing;
  }
}
