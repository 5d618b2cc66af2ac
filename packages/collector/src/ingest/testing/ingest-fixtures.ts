// Test support for the write path: export requests, a store that can be held, made to refuse and asked
// what it got, and waiting for a condition.

import { cpSync, readFileSync } from "node:fs";
import type { SealedSegment } from "@clew/storage";
import type { ExportRequest } from "../../receivers/export-sink.ts";
import type { SegmentStore } from "../ingest-pipeline.ts";

export interface SpansOptions {
  readonly tenant?: string;
  readonly spans?: number;
  readonly service?: string;
  /** Bytes of padding in an attribute of the first span. */
  readonly padding?: number;
}

let requests = 0;

/** A request like no other before it, of `spans` spans that form one trace. */
export function spansRequest({
  tenant = "acme",
  spans = 1,
  service = "shop",
  padding = 0,
}: SpansOptions = {}): ExportRequest {
  const number = ++requests;
  const traceId = number.toString(16).padStart(32, "0");
  const list = Array.from({ length: spans }, (_, i) => ({
    traceId,
    spanId: (number * 0x10000 + i + 1).toString(16).padStart(16, "0"),
    ...(i === 0 ? {} : { parentSpanId: (number * 0x10000 + 1).toString(16).padStart(16, "0") }),
    name: "work",
    kind: i % 2 === 0 ? 2 : 3,
    startTimeUnixNano: "1773144000000000000",
    endTimeUnixNano: "1773144000001000000",
    attributes: i === 0 ? [{ key: "padding", value: { stringValue: "x".repeat(padding) } }] : [],
    status: i % 3 === 0 ? { code: 2 } : {},
  }));
  const resource = { attributes: [{ key: "service.name", value: { stringValue: service } }] };
  const body = { resourceSpans: [{ resource, scopeSpans: [{ spans: list }] }] };
  return jsonRequest(JSON.stringify(body), tenant);
}

export function jsonRequest(body: string, tenant = "acme"): ExportRequest {
  return { signal: "traces", encoding: "json", tenant, body: Buffer.from(body) };
}

/** What a store was given. */
export interface ReceivedSegment {
  readonly id: string;
  readonly tables: readonly string[];
  readonly spans: number;
}

/** A store that keeps count of rows; `hold` makes inserts wait, `refuse` says which it will never take. */
export class FakeStore implements SegmentStore {
  readonly received: ReceivedSegment[] = [];
  refuse: (segment: SealedSegment) => string | undefined = () => undefined;
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #turns = 0;

  hold(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    this.#open = resolve;
  }

  release(): void {
    this.#open();
  }

  /** From now on every insert takes some turns of the event loop. */
  slow(): void {
    this.#turns = 20;
  }

  get spans(): number {
    return this.received.reduce((sum, segment) => sum + segment.spans, 0);
  }

  insert(segment: SealedSegment): ReturnType<SegmentStore["insert"]> {
    const result = this.#tail.then(() => this.#take(segment));
    this.#tail = result;
    return result;
  }

  async #take(segment: SealedSegment): ReturnType<SegmentStore["insert"]> {
    await this.#gate;
    for (let i = 0; i < this.#turns; i++) await new Promise((resolve) => setTimeout(resolve, 1));
    const reason = this.refuse(segment);
    if (reason !== undefined) return { ok: false, reason };
    const spans = segment.files.find((file) => file.table === "spans");
    this.received.push({
      id: segment.id,
      tables: segment.files.map((file) => file.table),
      spans: spans === undefined ? 0 : rowsOf(readFileSync(spans.path)),
    });
    return { ok: true };
  }
}

/** Rows that a Native block says it has: the second number of its head. */
function rowsOf(block: Uint8Array): number {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = block[at++] as number;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  varint();
  return varint();
}

/** Resolves once `condition` holds; the test's own time limit ends the waiting. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** What a crash at this moment would leave of a spool. */
export function crashImage(spool: string, into: string): string {
  cpSync(spool, into, { recursive: true });
  return into;
}
