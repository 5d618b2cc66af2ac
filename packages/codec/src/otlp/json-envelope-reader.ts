// The outer levels of OTLP JSON requests: resourceSpans > scopeSpans > spans, and the same for logs.
// Fields may come in any order, so records are read as they come and their resource and scope
// columns are filled in when their object ends.

import type { ByteDictionary } from "@clew/model";
import { FieldNames } from "../json/field-names.ts";
import { JsonReader } from "../json/json-reader.ts";
import { WireWriter } from "../protobuf/wire-writer.ts";
import { readEntityRefsJson } from "./entity-refs.ts";
import { JsonValueReader } from "./json-value-reader.ts";
import type { DecodeLimits, DecodeResult } from "./limits.ts";
import { type RecordBatch, RequestTally, serviceNameOf, undoRequest } from "./request-tally.ts";

const latin1 = new TextDecoder("latin1");
const NO_STRINGS = undefined as unknown as ByteDictionary;
const RESOURCE = new FieldNames(["attributes", "droppedAttributesCount", "entityRefs"]);
const SCOPE = new FieldNames(["name", "version", "attributes", "droppedAttributesCount"]);

/** Field names of one signal, and its noun for messages to users. */
export interface JsonEnvelopeWords {
  readonly record: string;
  readonly resourceLevel: string;
  readonly scopeLevel: string;
  readonly records: string;
}

/** Walks a request; `readRecord` reads one span or log record into row `batch.length`. */
export abstract class JsonEnvelopeReader<Batch extends RecordBatch> {
  protected readonly reader: JsonReader = new JsonReader();
  protected readonly values: JsonValueReader = new JsonValueReader(this.reader, NO_STRINGS);
  protected batch: Batch = undefined as unknown as Batch;
  readonly #words: JsonEnvelopeWords;
  readonly #requestNames: FieldNames;
  readonly #resourceNames: FieldNames;
  readonly #scopeNames: FieldNames;
  readonly #entityRefs = new WireWriter();
  readonly #tally = new RequestTally();

  constructor(words: JsonEnvelopeWords) {
    this.#words = words;
    this.#requestNames = new FieldNames([words.resourceLevel]);
    this.#resourceNames = new FieldNames(["resource", words.scopeLevel, "schemaUrl"]);
    this.#scopeNames = new FieldNames(["scope", words.records, "schemaUrl"]);
  }

  /** Reads the object at the reader's position into row `batch.length` without committing it. */
  protected abstract readRecord(): void;
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
      this.#request();
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

  #request(): void {
    const reader = this.reader;
    const what = this.#words.resourceLevel;
    reader.openObject("request");
    while (reader.nextField("request")) {
      if (this.#requestNames.match(reader.text, reader.textFrom, reader.textTo) === 0) {
        reader.openArray(what);
        while (reader.nextItem(what)) this.#resourceLevel(what);
      } else reader.skip("request");
    }
    reader.finish("request");
  }

  #resourceLevel(what: string): void {
    const { reader, values } = this;
    const firstRow = this.batch.length;
    let from = 0;
    let to = 0;
    let schemaUrl = 0;
    let reason: string | undefined;
    reader.openObject(what);
    while (reader.nextField(what)) {
      const field = this.#resourceNames.match(reader.text, reader.textFrom, reader.textTo);
      if (field === 0) {
        from = reader.pos;
        reader.skip("resource");
        to = reader.pos;
      } else if (field === 1) {
        reader.openArray(this.#words.scopeLevel);
        while (reader.nextItem(this.#words.scopeLevel)) this.#scopeLevel(this.#words.scopeLevel);
      } else if (field === 2) {
        values.reason = undefined;
        schemaUrl = values.text("schemaUrl");
        reason = values.reason;
      } else reader.skip(what);
    }
    const back = reader.pos;
    values.reason = reason;
    const index = this.#resource(from, to, schemaUrl, this.batch.length > firstRow);
    reader.pos = back;
    if (values.reason !== undefined) this.#tally.dropRows(this.batch, firstRow, values.reason);
    else this.batch.resource.fill(index, firstRow, this.batch.length);
  }

  #scopeLevel(what: string): void {
    const { reader, values } = this;
    const firstRow = this.batch.length;
    let from = 0;
    let to = 0;
    let schemaUrl = 0;
    let reason: string | undefined;
    reader.openObject(what);
    while (reader.nextField(what)) {
      const field = this.#scopeNames.match(reader.text, reader.textFrom, reader.textTo);
      if (field === 0) {
        from = reader.pos;
        reader.skip("scope");
        to = reader.pos;
      } else if (field === 1) {
        reader.openArray(this.#words.records);
        while (reader.nextItem(this.#words.records)) this.#record();
      } else if (field === 2) {
        values.reason = undefined;
        schemaUrl = values.text("schemaUrl");
        reason = values.reason;
      } else reader.skip(what);
    }
    const back = reader.pos;
    values.reason = reason;
    const index = this.#scope(from, to, schemaUrl, this.batch.length > firstRow);
    reader.pos = back;
    if (values.reason !== undefined) this.#tally.dropRows(this.batch, firstRow, values.reason);
    else this.batch.scope.fill(index, firstRow, this.batch.length);
  }

  #record(): void {
    const values = this.values;
    values.reason = undefined;
    this.readRecord();
    if (values.reason === undefined) this.commitRecord();
    else this.#tally.dropUncommitted(this.batch, values.reason);
  }

  // A key is the raw text, so equal keys decode to equal rows.
  #key(from: number, to: number, schemaUrl: number): string {
    return `json ${schemaUrl} ${latin1.decode(this.reader.bytes.subarray(from, to))}`;
  }

  #resource(from: number, to: number, schemaUrl: number, used: boolean): number {
    const { reader, values } = this;
    const { resources, strings } = this.batch;
    const key = this.#key(from, to, schemaUrl);
    const known = resources.find(key);
    if (known >= 0) return known;
    const firstRow = resources.attributes.length;
    let droppedAttributes = 0;
    this.#entityRefs.clear();
    if (to > from) {
      reader.pos = from;
      reader.openObject("resource");
      while (reader.nextField("resource")) {
        const field = RESOURCE.match(reader.text, reader.textFrom, reader.textTo);
        if (field === 0) values.attributes(resources.attributes, "resource.attributes");
        else if (field === 1) droppedAttributes = reader.uint32("resource");
        else if (field === 2) readEntityRefsJson(reader, this.#entityRefs);
        else reader.skip("resource");
      }
    }
    if (values.reason !== undefined || !used) {
      resources.attributes.truncate(firstRow);
      return 0;
    }
    const entityRefs = strings.intern(this.#entityRefs.bytes, 0, this.#entityRefs.length);
    const serviceName = serviceNameOf(resources, firstRow, strings);
    return resources.add(key, { droppedAttributes, schemaUrl, entityRefs, serviceName });
  }

  #scope(from: number, to: number, schemaUrl: number, used: boolean): number {
    const { reader, values } = this;
    const { scopes } = this.batch;
    const key = this.#key(from, to, schemaUrl);
    const known = scopes.find(key);
    if (known >= 0) return known;
    const firstRow = scopes.attributes.length;
    const row = { droppedAttributes: 0, schemaUrl, name: 0, version: 0 };
    if (to > from) {
      reader.pos = from;
      reader.openObject("scope");
      while (reader.nextField("scope")) {
        const field = SCOPE.match(reader.text, reader.textFrom, reader.textTo);
        if (field === 0) row.name = values.text("scope.name");
        else if (field === 1) row.version = values.text("scope.version");
        else if (field === 2) values.attributes(scopes.attributes, "scope.attributes");
        else if (field === 3) row.droppedAttributes = reader.uint32("scope");
        else reader.skip("scope");
      }
    }
    if (values.reason !== undefined || !used) {
      scopes.attributes.truncate(firstRow);
      return 0;
    }
    return scopes.add(key, row);
  }
}
