// SpanBatch: spans as columns, from the socket to the disk. A decoder writes row `length` of every
// column and then calls `commitSpan`; requests of many senders append to one batch. Times are unsigned
// 64-bit nanoseconds since 1970, kept as two 32-bit words (low, high), so that no BigInt is made a span.

import { grown } from "@clew/base";
import { AttributeColumns } from "./attributes.ts";
import { ByteDictionary } from "./byte-dictionary.ts";
import { ResourceTable, ScopeTable } from "./resource-table.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Words = Uint32Array<ArrayBuffer>;

/** Columns of spans with their events and links. "id" columns hold ids in `strings` unless said otherwise. */
export class SpanBatch {
  readonly strings: ByteDictionary = new ByteDictionary();
  readonly resources: ResourceTable = new ResourceTable();
  readonly scopes: ScopeTable = new ScopeTable();

  /** Number of committed spans. */
  length = 0;
  /** String id of the tenant. */
  tenant: Words = new Uint32Array(64);
  /** When the request arrived, seconds since 1970. */
  receivedSeconds: Words = new Uint32Array(64);
  /** Index into `resources`. */
  resource: Words = new Uint32Array(64);
  /** Index into `scopes`. */
  scope: Words = new Uint32Array(64);
  /** 16 bytes a span. */
  traceIds: Bytes = new Uint8Array(64 * 16);
  /** 8 bytes a span. */
  spanIds: Bytes = new Uint8Array(64 * 8);
  /** 8 bytes a span; all zero for a root. */
  parentIds: Bytes = new Uint8Array(64 * 8);
  traceState: Words = new Uint32Array(64);
  /** OTLP Span.flags, all 32 bits. */
  flags: Words = new Uint32Array(64);
  name: Words = new Uint32Array(64);
  /** SpanKind; numbers that OTLP does not define become Unspecified. */
  kind: Bytes = new Uint8Array(64);
  /** Two words a span. */
  start: Words = new Uint32Array(128);
  /** Two words a span. */
  end: Words = new Uint32Array(128);
  /** StatusCode; numbers that OTLP does not define become Unset. */
  status: Bytes = new Uint8Array(64);
  statusMessage: Words = new Uint32Array(64);
  /** How many spans of the original population this one stands for; 1 when not sampled. */
  adjustedCount: Float32Array<ArrayBuffer> = new Float32Array(64).fill(1);
  droppedAttributes: Words = new Uint32Array(64);
  droppedEvents: Words = new Uint32Array(64);
  droppedLinks: Words = new Uint32Array(64);

  /** Attribute rows of span `i`: `attributeOffsets[i] .. attributeOffsets[i + 1]` of `attributes`. */
  readonly attributes: AttributeColumns = new AttributeColumns();
  attributeOffsets: Words = new Uint32Array(65);

  /** Events of span `i`: `eventOffsets[i] .. eventOffsets[i + 1]`. */
  eventOffsets: Words = new Uint32Array(65);
  eventCount = 0;
  /** Two words an event. */
  eventTime: Words = new Uint32Array(32);
  eventName: Words = new Uint32Array(16);
  eventDroppedAttributes: Words = new Uint32Array(16);
  readonly eventAttributes: AttributeColumns = new AttributeColumns();
  eventAttributeOffsets: Words = new Uint32Array(17);

  /** Links of span `i`: `linkOffsets[i] .. linkOffsets[i + 1]`. */
  linkOffsets: Words = new Uint32Array(65);
  linkCount = 0;
  linkTraceIds: Bytes = new Uint8Array(16 * 16);
  linkSpanIds: Bytes = new Uint8Array(16 * 8);
  linkTraceState: Words = new Uint32Array(16);
  linkFlags: Words = new Uint32Array(16);
  linkDroppedAttributes: Words = new Uint32Array(16);
  readonly linkAttributes: AttributeColumns = new AttributeColumns();
  linkAttributeOffsets: Words = new Uint32Array(17);

  #requestTenant = 0;
  #requestReceivedSeconds = 0;

  /** Sets what every span committed from now on carries: its tenant and when its request arrived. */
  beginRequest(tenant: string, receivedSeconds: number): void {
    this.#requestTenant = this.strings.internText(tenant);
    this.#requestReceivedSeconds = receivedSeconds;
  }

  /** Makes room for row `length` and sets its columns to their defaults. Returns the row. */
  beginSpan(): number {
    const row = this.length;
    if (row >= this.kind.length) this.#growSpans(row + 1);
    // Plain loops: `fill` costs more than it does for so few bytes.
    for (let at = row * 16; at < row * 16 + 16; at++) this.traceIds[at] = 0;
    for (let at = row * 8; at < row * 8 + 8; at++) {
      this.spanIds[at] = 0;
      this.parentIds[at] = 0;
    }
    this.traceState[row] = 0;
    this.flags[row] = 0;
    this.name[row] = 0;
    this.kind[row] = 0;
    this.start[row * 2] = 0;
    this.start[row * 2 + 1] = 0;
    this.end[row * 2] = 0;
    this.end[row * 2 + 1] = 0;
    this.status[row] = 0;
    this.statusMessage[row] = 0;
    this.adjustedCount[row] = 1;
    this.droppedAttributes[row] = 0;
    this.droppedEvents[row] = 0;
    this.droppedLinks[row] = 0;
    return row;
  }

  /** Closes row `length`: everything pushed to attributes, events and links since the last commit is its. */
  commitSpan(resource: number, scope: number): void {
    const row = this.length++;
    this.tenant[row] = this.#requestTenant;
    this.receivedSeconds[row] = this.#requestReceivedSeconds;
    this.resource[row] = resource;
    this.scope[row] = scope;
    this.attributeOffsets[row + 1] = this.attributes.length;
    this.eventOffsets[row + 1] = this.eventCount;
    this.linkOffsets[row + 1] = this.linkCount;
  }

  /** Makes room for one event and sets its defaults. Returns its index; close it with `commitEvent`. */
  beginEvent(): number {
    const row = this.eventCount;
    if (row >= this.eventName.length) this.#growEvents(row + 1);
    this.eventTime[row * 2] = 0;
    this.eventTime[row * 2 + 1] = 0;
    this.eventName[row] = 0;
    this.eventDroppedAttributes[row] = 0;
    return row;
  }

  commitEvent(): void {
    this.eventAttributeOffsets[++this.eventCount] = this.eventAttributes.length;
  }

  /** Makes room for one link and sets its defaults. Returns its index; close it with `commitLink`. */
  beginLink(): number {
    const row = this.linkCount;
    if (row >= this.linkFlags.length) this.#growLinks(row + 1);
    this.linkTraceIds.fill(0, row * 16, row * 16 + 16);
    this.linkSpanIds.fill(0, row * 8, row * 8 + 8);
    this.linkTraceState[row] = 0;
    this.linkFlags[row] = 0;
    this.linkDroppedAttributes[row] = 0;
    return row;
  }

  commitLink(): void {
    this.linkAttributeOffsets[++this.linkCount] = this.linkAttributes.length;
  }

  /** Drops every span from row `length` on, and whatever an uncommitted span has pushed. */
  truncate(length: number): void {
    this.length = length;
    this.attributes.truncate(this.attributeOffsets[length] as number);
    this.eventCount = this.eventOffsets[length] as number;
    this.eventAttributes.truncate(this.eventAttributeOffsets[this.eventCount] as number);
    this.linkCount = this.linkOffsets[length] as number;
    this.linkAttributes.truncate(this.linkAttributeOffsets[this.linkCount] as number);
  }

  /** Empties the batch but keeps its memory. */
  clear(): void {
    this.truncate(0);
    this.strings.clear();
    this.resources.clear();
    this.scopes.clear();
  }

  /** Start of span `row`, nanoseconds since 1970. */
  startNano(row: number): bigint {
    return joinWords(this.start, row);
  }

  /** End of span `row`, nanoseconds since 1970. */
  endNano(row: number): bigint {
    return joinWords(this.end, row);
  }

  /**
   * End minus start in nanoseconds as a double: exact below 2^53 (104 days), negative when the
   * sender's end lies before its start.
   */
  durationNano(row: number): number {
    const low = (this.end[row * 2] as number) - (this.start[row * 2] as number);
    const high = (this.end[row * 2 + 1] as number) - (this.start[row * 2 + 1] as number);
    return high * 4294967296 + low;
  }

  /** Bytes of memory held by the large columns; for byte budgets, not exact. */
  get memoryBytes(): number {
    return (
      this.strings.memoryBytes +
      this.attributes.memoryBytes +
      this.eventAttributes.memoryBytes +
      this.linkAttributes.memoryBytes +
      this.kind.length * 108 +
      this.eventName.length * 20 +
      this.linkFlags.length * 40
    );
  }

  #growSpans(needed: number): void {
    const rows = Math.max(needed, this.kind.length * 2);
    this.tenant = grown(this.tenant, rows);
    this.receivedSeconds = grown(this.receivedSeconds, rows);
    this.resource = grown(this.resource, rows);
    this.scope = grown(this.scope, rows);
    this.traceIds = grown(this.traceIds, rows * 16);
    this.spanIds = grown(this.spanIds, rows * 8);
    this.parentIds = grown(this.parentIds, rows * 8);
    this.traceState = grown(this.traceState, rows);
    this.flags = grown(this.flags, rows);
    this.name = grown(this.name, rows);
    this.start = grown(this.start, rows * 2);
    this.end = grown(this.end, rows * 2);
    this.status = grown(this.status, rows);
    this.statusMessage = grown(this.statusMessage, rows);
    this.adjustedCount = grown(this.adjustedCount, rows);
    this.droppedAttributes = grown(this.droppedAttributes, rows);
    this.droppedEvents = grown(this.droppedEvents, rows);
    this.droppedLinks = grown(this.droppedLinks, rows);
    this.attributeOffsets = grown(this.attributeOffsets, rows + 1);
    this.eventOffsets = grown(this.eventOffsets, rows + 1);
    this.linkOffsets = grown(this.linkOffsets, rows + 1);
    this.kind = grown(this.kind, rows);
  }

  #growEvents(needed: number): void {
    const rows = Math.max(needed, this.eventName.length * 2);
    this.eventTime = grown(this.eventTime, rows * 2);
    this.eventDroppedAttributes = grown(this.eventDroppedAttributes, rows);
    this.eventAttributeOffsets = grown(this.eventAttributeOffsets, rows + 1);
    this.eventName = grown(this.eventName, rows);
  }

  #growLinks(needed: number): void {
    const rows = Math.max(needed, this.linkFlags.length * 2);
    this.linkTraceIds = grown(this.linkTraceIds, rows * 16);
    this.linkSpanIds = grown(this.linkSpanIds, rows * 8);
    this.linkTraceState = grown(this.linkTraceState, rows);
    this.linkDroppedAttributes = grown(this.linkDroppedAttributes, rows);
    this.linkAttributeOffsets = grown(this.linkAttributeOffsets, rows + 1);
    this.linkFlags = grown(this.linkFlags, rows);
  }
}

/** The 64-bit value of two words at `row`, low word first. */
export function joinWords(words: Words, row: number): bigint {
  return (BigInt(words[row * 2 + 1] as number) << 32n) | BigInt(words[row * 2] as number);
}
