// The two outer levels that ExportTraceServiceRequest and ExportLogsServiceRequest share:
// Resource{Spans,Logs} { resource = 1, scope_* = 2, schema_url = 3 } and
// Scope{Spans,Logs} { scope = 1, records = 2, schema_url = 3 }. Fields may come in any order, so
// records are read as they come and their resource and scope columns are filled in at the end.

import type { ByteDictionary } from "@clew/model";
import { WireReader } from "../protobuf/wire-reader.ts";
import { WireWriter } from "../protobuf/wire-writer.ts";
import { copyEntityRef } from "./entity-refs.ts";
import type { DecodeLimits, DecodeResult } from "./limits.ts";
import { type RecordBatch, RequestTally, serviceNameOf, undoRequest } from "./request-tally.ts";
import { ValueReader } from "./value-reader.ts";

const latin1 = new TextDecoder("latin1");
const NO_STRINGS = undefined as unknown as ByteDictionary;

/** Names for messages to users. */
export interface EnvelopeWords {
  readonly record: string;
  readonly resourceLevel: string;
  readonly scopeLevel: string;
}

/** Walks a request; `readRecord` reads one span or log record into row `batch.length`. */
export abstract class EnvelopeReader<Batch extends RecordBatch> {
  protected readonly reader: WireReader = new WireReader();
  protected readonly values: ValueReader = new ValueReader(this.reader, NO_STRINGS);
  protected batch: Batch = undefined as unknown as Batch;
  readonly #words: EnvelopeWords;
  readonly #entityRefs = new WireWriter();
  readonly #tally = new RequestTally();

  constructor(words: EnvelopeWords) {
    this.#words = words;
  }

  /** Reads the message that ends at `end` into row `batch.length` without committing it. */
  protected abstract readRecord(end: number): void;
  /** Commits row `batch.length`. */
  protected abstract commitRecord(): void;

  /** Decodes `body` and appends its records to `batch`; on a throw the batch is as before. */
  decode(body: Uint8Array, batch: Batch, limits: DecodeLimits | undefined): DecodeResult {
    const first = batch.length;
    this.reader.reset(body);
    this.values.begin(batch.strings, limits);
    this.batch = batch;
    this.#tally.clear();
    try {
      this.#request(body.length);
      return this.#tally.result(batch.length - first, this.#words.record);
    } catch (error) {
      undoRequest(batch, first);
      throw error;
    } finally {
      batch.strings.release();
      this.reader.release();
      this.values.strings = NO_STRINGS;
      this.batch = undefined as unknown as Batch;
    }
  }

  #request(end: number): void {
    const reader = this.reader;
    while (reader.pos < end) {
      const tag = reader.tag(end, "request");
      if (tag === 0x0a) this.#resourceLevel(reader.block(end, this.#words.resourceLevel));
      else reader.skip(tag, end, 0b10, "request");
    }
  }

  #resourceLevel(end: number): void {
    const reader = this.reader;
    const what = this.#words.resourceLevel;
    const firstRow = this.batch.length;
    const parts: number[] = [];
    let schemaFrom = 0;
    let schemaTo = 0;
    while (reader.pos < end) {
      const tag = reader.tag(end, what);
      const stop = tag === 0x0a || tag === 0x12 || tag === 0x1a ? reader.block(end, what) : 0;
      if (tag === 0x12) this.#scopeLevel(stop);
      else if (tag === 0x0a) {
        parts.push(reader.pos, stop);
        reader.pos = stop;
      } else if (tag === 0x1a) {
        schemaFrom = reader.pos;
        schemaTo = stop;
        reader.pos = stop;
      } else reader.skip(tag, end, 0b1110, what);
    }
    this.values.reason = undefined;
    const index = this.#resource(parts, schemaFrom, schemaTo, this.batch.length > firstRow);
    reader.pos = end;
    if (this.values.reason !== undefined)
      this.#tally.dropRows(this.batch, firstRow, this.values.reason);
    else this.batch.resource.fill(index, firstRow, this.batch.length);
  }

  #scopeLevel(end: number): void {
    const reader = this.reader;
    const what = this.#words.scopeLevel;
    const firstRow = this.batch.length;
    const parts: number[] = [];
    let schemaFrom = 0;
    let schemaTo = 0;
    while (reader.pos < end) {
      const tag = reader.tag(end, what);
      const stop = tag === 0x0a || tag === 0x12 || tag === 0x1a ? reader.block(end, what) : 0;
      if (tag === 0x12) this.#record(stop);
      else if (tag === 0x0a) {
        parts.push(reader.pos, stop);
        reader.pos = stop;
      } else if (tag === 0x1a) {
        schemaFrom = reader.pos;
        schemaTo = stop;
        reader.pos = stop;
      } else reader.skip(tag, end, 0b1110, what);
    }
    this.values.reason = undefined;
    const index = this.#scope(parts, schemaFrom, schemaTo, this.batch.length > firstRow);
    reader.pos = end;
    if (this.values.reason !== undefined)
      this.#tally.dropRows(this.batch, firstRow, this.values.reason);
    else this.batch.scope.fill(index, firstRow, this.batch.length);
  }

  #record(end: number): void {
    const values = this.values;
    values.reason = undefined;
    this.readRecord(end);
    if (values.reason === undefined) {
      this.commitRecord();
      return;
    }
    this.#tally.dropUncommitted(this.batch, values.reason);
  }

  // A key is the raw bytes, so equal keys decode to equal rows.
  #key(parts: number[], schemaFrom: number, schemaTo: number): string {
    const bytes = this.reader.bytes;
    let key = `${schemaTo - schemaFrom}:${latin1.decode(bytes.subarray(schemaFrom, schemaTo))}`;
    for (let i = 0; i < parts.length; i += 2) {
      key += latin1.decode(bytes.subarray(parts[i], parts[i + 1]));
    }
    return key;
  }

  // More than one part is legal protobuf: they merge, as if concatenated.
  #resource(parts: number[], schemaFrom: number, schemaTo: number, used: boolean): number {
    const { reader, values } = this;
    const { resources, strings } = this.batch;
    const key = this.#key(parts, schemaFrom, schemaTo);
    const known = resources.find(key);
    if (known >= 0) return known;
    const firstRow = resources.attributes.length;
    let droppedAttributes = 0;
    this.#entityRefs.clear();
    for (let i = 0; i < parts.length; i += 2) {
      const end = parts[i + 1] as number;
      reader.pos = parts[i] as number;
      while (reader.pos < end) {
        const tag = reader.tag(end, "Resource");
        if (tag === 0x0a) values.keyValue(resources.attributes, reader.block(end, "Resource"));
        else if (tag === 0x10) droppedAttributes = reader.varint(end, "Resource");
        else if (tag === 0x1a) {
          copyEntityRef(reader, reader.block(end, "Resource.entity_refs"), this.#entityRefs);
        } else reader.skip(tag, end, 0b1110, "Resource");
      }
    }
    values.checkCount(resources.attributes.length - firstRow);
    const schemaUrl = values.internText(schemaFrom, schemaTo, "schema_url");
    if (values.reason !== undefined || !used) {
      resources.attributes.truncate(firstRow);
      return 0;
    }
    const entityRefs = strings.intern(this.#entityRefs.bytes, 0, this.#entityRefs.length);
    const serviceName = serviceNameOf(resources, firstRow, strings);
    return resources.add(key, { droppedAttributes, schemaUrl, entityRefs, serviceName });
  }

  #scope(parts: number[], schemaFrom: number, schemaTo: number, used: boolean): number {
    const { reader, values } = this;
    const { scopes } = this.batch;
    const key = this.#key(parts, schemaFrom, schemaTo);
    const known = scopes.find(key);
    if (known >= 0) return known;
    const firstRow = scopes.attributes.length;
    const row = { droppedAttributes: 0, schemaUrl: 0, name: 0, version: 0 };
    const what = "InstrumentationScope";
    for (let i = 0; i < parts.length; i += 2) {
      const end = parts[i + 1] as number;
      reader.pos = parts[i] as number;
      while (reader.pos < end) {
        const tag = reader.tag(end, what);
        if (tag === 0x0a) row.name = values.text(end, "InstrumentationScope.name");
        else if (tag === 0x12) row.version = values.text(end, "InstrumentationScope.version");
        else if (tag === 0x1a) values.keyValue(scopes.attributes, reader.block(end, what));
        else if (tag === 0x20) row.droppedAttributes = reader.varint(end, what);
        else reader.skip(tag, end, 0b11110, what);
      }
    }
    values.checkCount(scopes.attributes.length - firstRow);
    row.schemaUrl = values.internText(schemaFrom, schemaTo, "schema_url");
    if (values.reason !== undefined || !used) {
      scopes.attributes.truncate(firstRow);
      return 0;
    }
    return scopes.add(key, row);
  }
}
