// The batch that spans are written into when they end. It is sealed by size, by count or by time, and by
// whoever wants everything out.

import { writeKeyValue } from "../encode/attribute-value.ts";
import { ByteWriter } from "../encode/byte-writer.ts";
import { writeSpan } from "../encode/span-encoder.ts";
import type { Scope } from "../trace/scope.ts";
import type { RecordingSpan } from "../trace/span.ts";
import type { Batch } from "./batch.ts";

const FIRST_BYTES = 16 * 1024;
const KEPT_BYTES = 1024 * 1024;
const ERROR = 2;

/** Encoded spans by scope, not sealed yet. */
export class OpenBatch {
  readonly #resource: () => Buffer;
  readonly #scopes: Scope[] = [];
  bytes = 0;
  importantSpans = 0;
  ordinarySpans = 0;
  /** Spans that could not be encoded; a defect of ours, counted so that it shows. */
  failed = 0;

  /** `resource` gives the encoded fields of the Resource message. */
  constructor(resource: () => Buffer) {
    this.#resource = resource;
  }

  get spans(): number {
    return this.importantSpans + this.ordinarySpans;
  }

  /** Encodes an ended span. Never throws. */
  add(scope: Scope, span: RecordingSpan, unfinished = false): void {
    const important = isImportant(span);
    const writer = this.#writerFor(scope, important);
    const before = writer.length;
    try {
      writeSpan(writer, span, unfinished);
    } catch {
      writer.length = before;
      this.failed++;
      return;
    }
    this.bytes += writer.length - before;
    if (important) this.importantSpans++;
    else this.ordinarySpans++;
  }

  #writerFor(scope: Scope, important: boolean): ByteWriter {
    const found = important ? scope.important : scope.ordinary;
    if (found !== undefined) {
      if (found.length === 0 && !this.#scopes.includes(scope)) this.#scopes.push(scope);
      return found;
    }
    if (!this.#scopes.includes(scope)) this.#scopes.push(scope);
    const writer = new ByteWriter(FIRST_BYTES);
    if (important) scope.important = writer;
    else scope.ordinary = writer;
    return writer;
  }

  /** Closes the batch and begins a new one. `drops` are told to the backend. */
  seal(drops: number): Batch {
    const important = this.#request(true, drops);
    const ordinary = this.#request(false, important === undefined ? drops : 0);
    const { importantSpans, ordinarySpans } = this;
    this.bytes = 0;
    this.importantSpans = 0;
    this.ordinarySpans = 0;
    this.#scopes.length = 0;
    return { important, importantSpans, ordinary, ordinarySpans, reportedDrops: drops };
  }

  #request(important: boolean, drops: number): Buffer | undefined {
    const halves = this.#scopes.map((scope) => (important ? scope.important : scope.ordinary));
    const bytes = halves.reduce((sum, half) => sum + (half?.length ?? 0), 0);
    if (bytes === 0) return undefined;
    const writer = new ByteWriter(bytes + 4096);
    let toTell = drops;
    const resourceSpans = writer.begin(0x0a);
    writer.reserve(1);
    writer.byte(0x0a);
    const resource = this.#resource();
    writer.varint(resource.length);
    writer.raw(resource);
    for (const scope of this.#scopes) {
      const spans = important ? scope.important : scope.ordinary;
      if (spans === undefined || spans.length === 0) continue;
      const scopeSpans = writer.begin(0x12);
      writeScope(writer, scope, toTell);
      toTell = 0;
      writer.raw(spans.bytes.subarray(0, spans.length));
      writer.end(scopeSpans);
      clear(scope, spans, important);
    }
    writer.end(resourceSpans);
    return writer.bytes.subarray(0, writer.length);
  }
}

function clear(scope: Scope, spans: ByteWriter, important: boolean): void {
  spans.length = 0;
  if (spans.bytes.length <= KEPT_BYTES) return;
  if (important) scope.important = undefined;
  else scope.ordinary = undefined;
}

function isImportant(span: RecordingSpan): boolean {
  return span.statusCode === ERROR || span.remoteParent || span.parentSpanId === undefined;
}

function writeScope(writer: ByteWriter, scope: Scope, drops: number): void {
  const mark = writer.begin(0x0a);
  writer.reserve(1);
  writer.byte(0x0a);
  writer.text(scope.name);
  if (scope.version !== "") {
    writer.reserve(1);
    writer.byte(0x12);
    writer.text(scope.version);
  }
  if (drops > 0) writeKeyValue(writer, 0x1a, "clew.dropped_spans", drops, 0);
  writer.end(mark);
}
