// LogBatch: OTLP log records as columns, built the same way as SpanBatch.

import { grown } from "@clew/base";
import { AttributeColumns } from "./attributes.ts";
import { ByteDictionary } from "./byte-dictionary.ts";
import { ResourceTable, ScopeTable } from "./resource-table.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Words = Uint32Array<ArrayBuffer>;

/** Columns of log records. Times are nanoseconds since 1970 as (low, high) words. */
export class LogBatch {
  readonly strings: ByteDictionary = new ByteDictionary();
  readonly resources: ResourceTable = new ResourceTable();
  readonly scopes: ScopeTable = new ScopeTable();

  length = 0;
  tenant: Words = new Uint32Array(64);
  receivedSeconds: Words = new Uint32Array(64);
  resource: Words = new Uint32Array(64);
  scope: Words = new Uint32Array(64);
  /** Two words a record; 0 when the source gave no time. */
  time: Words = new Uint32Array(128);
  /** Two words a record. */
  observedTime: Words = new Uint32Array(128);
  /** OTLP SeverityNumber 0..24. */
  severityNumber: Bytes = new Uint8Array(64);
  severityText: Words = new Uint32Array(64);
  eventName: Words = new Uint32Array(64);
  /** 16 bytes a record; all zero when the record belongs to no trace. */
  traceIds: Bytes = new Uint8Array(64 * 16);
  /** 8 bytes a record; all zero when the record belongs to no span. */
  spanIds: Bytes = new Uint8Array(64 * 8);
  flags: Words = new Uint32Array(64);
  droppedAttributes: Words = new Uint32Array(64);
  /** Row `i` of `bodies` is the body of record `i`; its key is unused. */
  readonly bodies: AttributeColumns = new AttributeColumns();
  readonly attributes: AttributeColumns = new AttributeColumns();
  attributeOffsets: Words = new Uint32Array(65);

  #requestTenant = 0;
  #requestReceivedSeconds = 0;

  /** Sets what every record committed from now on carries: its tenant and when its request arrived. */
  beginRequest(tenant: string, receivedSeconds: number): void {
    this.#requestTenant = this.strings.internText(tenant);
    this.#requestReceivedSeconds = receivedSeconds;
  }

  /** Makes room for row `length` and sets its columns to their defaults. Returns the row. */
  beginRecord(): number {
    const row = this.length;
    if (row >= this.severityNumber.length) this.#grow(row + 1);
    this.time[row * 2] = 0;
    this.time[row * 2 + 1] = 0;
    this.observedTime[row * 2] = 0;
    this.observedTime[row * 2 + 1] = 0;
    this.severityNumber[row] = 0;
    this.severityText[row] = 0;
    this.eventName[row] = 0;
    this.traceIds.fill(0, row * 16, row * 16 + 16);
    this.spanIds.fill(0, row * 8, row * 8 + 8);
    this.flags[row] = 0;
    this.droppedAttributes[row] = 0;
    return row;
  }

  /** Closes row `length`. A body must have been pushed to `bodies` (Empty when there is none). */
  commitRecord(resource: number, scope: number): void {
    const row = this.length++;
    this.tenant[row] = this.#requestTenant;
    this.receivedSeconds[row] = this.#requestReceivedSeconds;
    this.resource[row] = resource;
    this.scope[row] = scope;
    this.attributeOffsets[row + 1] = this.attributes.length;
  }

  /** Drops every record from row `length` on, and whatever an uncommitted record has pushed. */
  truncate(length: number): void {
    this.length = length;
    this.bodies.truncate(length);
    this.attributes.truncate(this.attributeOffsets[length] as number);
  }

  /** Empties the batch but keeps its memory. */
  clear(): void {
    this.truncate(0);
    this.strings.clear();
    this.resources.clear();
    this.scopes.clear();
  }

  /** Bytes of memory held by the large columns; for byte budgets, not exact. */
  get memoryBytes(): number {
    return (
      this.strings.memoryBytes +
      this.attributes.memoryBytes +
      this.bodies.memoryBytes +
      this.severityNumber.length * 80
    );
  }

  #grow(needed: number): void {
    const rows = Math.max(needed, this.severityNumber.length * 2);
    this.tenant = grown(this.tenant, rows);
    this.receivedSeconds = grown(this.receivedSeconds, rows);
    this.resource = grown(this.resource, rows);
    this.scope = grown(this.scope, rows);
    this.time = grown(this.time, rows * 2);
    this.observedTime = grown(this.observedTime, rows * 2);
    this.severityText = grown(this.severityText, rows);
    this.eventName = grown(this.eventName, rows);
    this.traceIds = grown(this.traceIds, rows * 16);
    this.spanIds = grown(this.spanIds, rows * 8);
    this.flags = grown(this.flags, rows);
    this.droppedAttributes = grown(this.droppedAttributes, rows);
    this.attributeOffsets = grown(this.attributeOffsets, rows + 1);
    this.severityNumber = grown(this.severityNumber, rows);
  }
}
