// ExportTraceServiceRequest in OTLP's JSON, byte by byte into the columns of a SpanBatch: hex ids,
// enums as numbers, 64-bit integers as strings or numbers, unknown fields ignored.

import type { SpanBatch } from "@clew/model";
import { FieldNames } from "../json/field-names.ts";
import { JsonEnvelopeReader } from "./json-envelope-reader.ts";
import type { DecodeLimits, DecodeResult } from "./limits.ts";
import { checkSpan } from "./span-rules.ts";

const SPAN = new FieldNames([
  "traceId",
  "spanId",
  "traceState",
  "parentSpanId",
  "name",
  "kind",
  "startTimeUnixNano",
  "endTimeUnixNano",
  "attributes",
  "droppedAttributesCount",
  "events",
  "droppedEventsCount",
  "links",
  "droppedLinksCount",
  "status",
  "flags",
]);
const EVENT = new FieldNames(["timeUnixNano", "name", "attributes", "droppedAttributesCount"]);
const LINK = new FieldNames([
  "traceId",
  "spanId",
  "traceState",
  "attributes",
  "droppedAttributesCount",
  "flags",
]);
const STATUS = new FieldNames(["message", "code"]);

class JsonTraceReader extends JsonEnvelopeReader<SpanBatch> {
  #traceIdLength = 0;
  #spanIdLength = 0;

  constructor() {
    super({
      record: "span",
      resourceLevel: "resourceSpans",
      scopeLevel: "scopeSpans",
      records: "spans",
    });
  }

  protected override commitRecord(): void {
    this.batch.commitSpan(0, 0);
  }

  protected override readRecord(): void {
    const { reader, values, batch } = this;
    const row = batch.beginSpan();
    this.#traceIdLength = 0;
    this.#spanIdLength = 0;
    reader.openObject("span");
    while (reader.nextField("span")) {
      this.#field(row, SPAN.match(reader.text, reader.textFrom, reader.textTo));
    }
    checkSpan(values, batch, row, this.#traceIdLength, this.#spanIdLength);
  }

  #field(row: number, field: number): void {
    const { reader, values, batch } = this;
    switch (field) {
      case 0:
        this.#traceIdLength = values.hexId(batch.traceIds, row, 16, "trace_id");
        break;
      case 1:
        this.#spanIdLength = values.hexId(batch.spanIds, row, 8, "span_id");
        break;
      case 2:
        batch.traceState[row] = values.text("span.traceState");
        break;
      case 3: {
        const length = values.hexId(batch.parentIds, row, 8, "parent_span_id");
        if (length !== 0 && length !== 8) {
          values.reject(`parent_span_id must be 8 bytes or absent, got ${length}`);
        }
        break;
      }
      case 4:
        batch.name[row] = values.text("span.name");
        break;
      case 5: {
        const kind = reader.enumNumber("span.kind");
        batch.kind[row] = kind >= 0 && kind <= 5 ? kind : 0;
        break;
      }
      case 6:
        reader.uint64("span.startTimeUnixNano");
        batch.start[row * 2] = reader.low;
        batch.start[row * 2 + 1] = reader.high;
        break;
      case 7:
        reader.uint64("span.endTimeUnixNano");
        batch.end[row * 2] = reader.low;
        batch.end[row * 2 + 1] = reader.high;
        break;
      case 8:
        values.attributes(batch.attributes, "span.attributes");
        break;
      case 9:
        batch.droppedAttributes[row] = reader.uint32("span.droppedAttributesCount");
        break;
      case 10:
        reader.openArray("span.events");
        while (reader.nextItem("span.events")) this.#event();
        break;
      case 11:
        batch.droppedEvents[row] = reader.uint32("span.droppedEventsCount");
        break;
      case 12:
        reader.openArray("span.links");
        while (reader.nextItem("span.links")) this.#link();
        break;
      case 13:
        batch.droppedLinks[row] = reader.uint32("span.droppedLinksCount");
        break;
      case 14:
        this.#status(row);
        break;
      case 15:
        batch.flags[row] = reader.uint32("span.flags");
        break;
      default:
        reader.skip("span");
    }
  }

  #event(): void {
    const { reader, values, batch } = this;
    const row = batch.beginEvent();
    reader.openObject("span.events");
    while (reader.nextField("span.events")) {
      const field = EVENT.match(reader.text, reader.textFrom, reader.textTo);
      if (field === 0) {
        reader.uint64("event.timeUnixNano");
        batch.eventTime[row * 2] = reader.low;
        batch.eventTime[row * 2 + 1] = reader.high;
      } else if (field === 1) batch.eventName[row] = values.text("event.name");
      else if (field === 2) values.attributes(batch.eventAttributes, "event.attributes");
      else if (field === 3) {
        batch.eventDroppedAttributes[row] = reader.uint32("event.droppedAttributesCount");
      } else reader.skip("span.events");
    }
    batch.commitEvent();
  }

  #link(): void {
    const { reader, batch } = this;
    const row = batch.beginLink();
    reader.openObject("span.links");
    while (reader.nextField("span.links")) {
      this.#linkField(row, LINK.match(reader.text, reader.textFrom, reader.textTo));
    }
    batch.commitLink();
  }

  #linkField(row: number, field: number): void {
    const { reader, values, batch } = this;
    switch (field) {
      case 0: {
        const length = values.hexId(batch.linkTraceIds, row, 16, "links.trace_id");
        if (length !== 0 && length !== 16) {
          values.reject(`links.trace_id must be 16 bytes, got ${length}`);
        }
        break;
      }
      case 1: {
        const length = values.hexId(batch.linkSpanIds, row, 8, "links.span_id");
        if (length !== 0 && length !== 8) {
          values.reject(`links.span_id must be 8 bytes, got ${length}`);
        }
        break;
      }
      case 2:
        batch.linkTraceState[row] = values.text("link.traceState");
        break;
      case 3:
        values.attributes(batch.linkAttributes, "link.attributes");
        break;
      case 4:
        batch.linkDroppedAttributes[row] = reader.uint32("link.droppedAttributesCount");
        break;
      case 5:
        batch.linkFlags[row] = reader.uint32("link.flags");
        break;
      default:
        reader.skip("span.links");
    }
  }

  #status(row: number): void {
    const { reader, values, batch } = this;
    reader.openObject("span.status");
    while (reader.nextField("span.status")) {
      const field = STATUS.match(reader.text, reader.textFrom, reader.textTo);
      if (field === 0) batch.statusMessage[row] = values.text("status.message");
      else if (field === 1) {
        const code = reader.enumNumber("status.code");
        batch.status[row] = code >= 0 && code <= 2 ? code : 0;
      } else reader.skip("span.status");
    }
  }
}

const traceReader = new JsonTraceReader();

/**
 * Appends the spans of an ExportTraceServiceRequest in OTLP JSON to `batch`. Spans that break a rule
 * are left out and counted. Throws ClewError `malformed_payload`, with the batch as it was before,
 * when the bytes are not such JSON.
 */
export function decodeTracesJson(
  body: Uint8Array,
  batch: SpanBatch,
  limits?: DecodeLimits,
): DecodeResult {
  return traceReader.decode(body, batch, limits);
}
