// ExportTraceServiceRequest (opentelemetry/proto/collector/trace/v1) in protobuf, straight into the
// columns of a SpanBatch. No object is made per span or attribute.

import type { SpanBatch } from "@clew/model";
import { EnvelopeReader } from "./envelope-reader.ts";
import type { DecodeLimits, DecodeResult } from "./limits.ts";
import { checkSpan } from "./span-rules.ts";

const SPAN_FIELDS = 0x1fffe;
const EVENT_FIELDS = 0b11110;
const LINK_FIELDS = 0b1111110;
const STATUS_FIELDS = 0b1100;

class TraceReader extends EnvelopeReader<SpanBatch> {
  constructor() {
    super({ record: "span", resourceLevel: "ResourceSpans", scopeLevel: "ScopeSpans" });
  }

  protected override commitRecord(): void {
    this.batch.commitSpan(0, 0);
  }

  protected override readRecord(end: number): void {
    const { reader, values, batch } = this;
    const row = batch.beginSpan();
    const firstAttribute = batch.attributes.length;
    let traceIdLength = 0;
    let spanIdLength = 0;
    while (reader.pos < end) {
      const tag = reader.tag(end, "Span");
      switch (tag) {
        case 0x4a:
          values.keyValue(batch.attributes, reader.block(end, "Span.attributes"));
          break;
        case 0x0a:
          traceIdLength = this.#id(batch.traceIds, row, 16, end, "Span.trace_id");
          break;
        case 0x12:
          spanIdLength = this.#id(batch.spanIds, row, 8, end, "Span.span_id");
          break;
        case 0x1a:
          batch.traceState[row] = values.text(end, "Span.trace_state");
          break;
        case 0x22: {
          const length = this.#id(batch.parentIds, row, 8, end, "Span.parent_span_id");
          if (length !== 0 && length !== 8) {
            values.reject(`parent_span_id must be 8 bytes or absent, got ${length}`);
          }
          break;
        }
        case 0x2a:
          batch.name[row] = values.text(end, "Span.name");
          break;
        case 0x30: {
          const kind = reader.varint(end, "Span.kind");
          batch.kind[row] = kind > 5 ? 0 : kind;
          break;
        }
        case 0x39:
          reader.fixed64Into(batch.start, row, end, "Span.start_time_unix_nano");
          break;
        case 0x41:
          reader.fixed64Into(batch.end, row, end, "Span.end_time_unix_nano");
          break;
        case 0x50:
          batch.droppedAttributes[row] = reader.varint(end, "Span.dropped_attributes_count");
          break;
        case 0x5a:
          this.#event(reader.block(end, "Span.events"));
          break;
        case 0x60:
          batch.droppedEvents[row] = reader.varint(end, "Span.dropped_events_count");
          break;
        case 0x6a:
          this.#link(reader.block(end, "Span.links"));
          break;
        case 0x70:
          batch.droppedLinks[row] = reader.varint(end, "Span.dropped_links_count");
          break;
        case 0x7a:
          this.#status(row, reader.block(end, "Span.status"));
          break;
        case 0x85:
          batch.flags[row] = reader.fixed32(end, "Span.flags");
          break;
        default:
          reader.skip(tag, end, SPAN_FIELDS, "Span");
      }
    }
    values.checkCount(batch.attributes.length - firstAttribute);
    checkSpan(values, batch, row, traceIdLength, spanIdLength);
  }

  // Copies an id field of exactly `size` bytes into its column; returns the length it had.
  #id(column: Uint8Array, row: number, size: number, end: number, what: string): number {
    const reader = this.reader;
    const stop = reader.block(end, what);
    const from = reader.pos;
    reader.pos = stop;
    const length = stop - from;
    const to = row * size;
    if (length !== size) {
      column.fill(0, to, to + size);
      return length;
    }
    const view = reader.view;
    for (let i = 0; i < size; i += 4) {
      const word = view.getInt32(from + i, true);
      column[to + i] = word;
      column[to + i + 1] = word >> 8;
      column[to + i + 2] = word >> 16;
      column[to + i + 3] = word >> 24;
    }
    return length;
  }

  #event(end: number): void {
    const { reader, values, batch } = this;
    const row = batch.beginEvent();
    const first = batch.eventAttributes.length;
    while (reader.pos < end) {
      const tag = reader.tag(end, "Span.Event");
      if (tag === 0x09) {
        reader.fixed64Into(batch.eventTime, row, end, "Span.Event.time_unix_nano");
      } else if (tag === 0x12) batch.eventName[row] = values.text(end, "Span.Event.name");
      else if (tag === 0x1a) {
        values.keyValue(batch.eventAttributes, reader.block(end, "Span.Event.attributes"));
      } else if (tag === 0x20) {
        batch.eventDroppedAttributes[row] = reader.varint(end, "Span.Event");
      } else reader.skip(tag, end, EVENT_FIELDS, "Span.Event");
    }
    values.checkCount(batch.eventAttributes.length - first);
    batch.commitEvent();
  }

  #link(end: number): void {
    const { reader, batch } = this;
    const row = batch.beginLink();
    const first = batch.linkAttributes.length;
    while (reader.pos < end) this.#linkField(row, reader.tag(end, "Span.Link"), end);
    this.values.checkCount(batch.linkAttributes.length - first);
    batch.commitLink();
  }

  #linkField(row: number, tag: number, end: number): void {
    const { reader, values, batch } = this;
    switch (tag) {
      case 0x0a: {
        const length = this.#id(batch.linkTraceIds, row, 16, end, "Span.Link.trace_id");
        if (length !== 0 && length !== 16) {
          values.reject(`links.trace_id must be 16 bytes, got ${length}`);
        }
        break;
      }
      case 0x12: {
        const length = this.#id(batch.linkSpanIds, row, 8, end, "Span.Link.span_id");
        if (length !== 0 && length !== 8) {
          values.reject(`links.span_id must be 8 bytes, got ${length}`);
        }
        break;
      }
      case 0x1a:
        batch.linkTraceState[row] = values.text(end, "Span.Link.trace_state");
        break;
      case 0x22:
        values.keyValue(batch.linkAttributes, reader.block(end, "Span.Link.attributes"));
        break;
      case 0x28:
        batch.linkDroppedAttributes[row] = reader.varint(end, "Span.Link");
        break;
      case 0x35:
        batch.linkFlags[row] = reader.fixed32(end, "Span.Link.flags");
        break;
      default:
        reader.skip(tag, end, LINK_FIELDS, "Span.Link");
    }
  }

  #status(row: number, end: number): void {
    const { reader, values, batch } = this;
    while (reader.pos < end) {
      const tag = reader.tag(end, "Span.status");
      if (tag === 0x12) batch.statusMessage[row] = values.text(end, "Span.status.message");
      else if (tag === 0x18) {
        const code = reader.varint(end, "Span.status.code");
        batch.status[row] = code > 2 ? 0 : code;
      } else reader.skip(tag, end, STATUS_FIELDS, "Span.status");
    }
  }
}

const traceReader = new TraceReader();

/**
 * Appends the spans of a protobuf ExportTraceServiceRequest (or TracesData) to `batch`. Spans that
 * break a rule are left out and counted. Throws ClewError `malformed_payload`, with the batch as it
 * was before, when the bytes are not such a message.
 */
export function decodeTraces(
  body: Uint8Array,
  batch: SpanBatch,
  limits?: DecodeLimits,
): DecodeResult {
  return traceReader.decode(body, batch, limits);
}
