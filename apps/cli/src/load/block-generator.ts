// Generates the requests of one block after another. Traces are made whole, but their spans wait in
// the exporters of the pods that ran them, as in reality: a trace arrives spread over many requests,
// children before parents, among spans of other traces.

import { defined } from "@clew/base";
import { toHex } from "@clew/model";
import { BatchBuffers } from "./batch-buffers.ts";
import { BATCHES_PER_BLOCK, type LoadPlan, spansInBlock } from "./plan.ts";
import { Random } from "./random.ts";
import type { SpanTemplate } from "./span-template.ts";
import { applyPatches, LINK_BYTES, TraceContext, writeTime } from "./span-writer.ts";
import { GIANT_SPANS, MAX_SPANS, TraceShape } from "./trace-shape.ts";
import { isProducer, type RunningOperation, SCOPES, type World, worldOf } from "./world.ts";

/** One export request. */
export interface Batch {
  /** Block times 65536 plus its place in the block. */
  readonly sequence: number;
  readonly spans: number;
  /** Trace id of the first span of the request, lower-case hex. */
  readonly firstTraceId: string;
  /** ExportTraceServiceRequest, protobuf. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

// Producer spans that later batch consumers may link to: the newest of this block.
const REMEMBERED_PRODUCERS = 256;
// Pods are looked through for old spans in steps of simulated time: about what a timer does.
const FLUSH_CHECK_NANO = 20e6;
const SPAN_TAG = 0x12;

/** Makes the batches of a plan, block by block. One generator reuses its memory for all blocks. */
export class BlockGenerator {
  readonly #plan: LoadPlan;
  readonly #world: World;
  readonly #random: Random;
  readonly #shape: TraceShape;
  readonly #context = new TraceContext();
  readonly #buffers: BatchBuffers;
  readonly #spanIds = new Uint32Array(GIANT_SPANS * 2);
  readonly #producers = new Uint32Array(REMEMBERED_PRODUCERS * 6);
  readonly #oldest: Float64Array;
  readonly #times = { baseLow: 0, baseHigh: 0 };
  readonly #giant: number;
  #ready: Batch[] = [];
  #block = 0;
  #index = 0;
  #producerCount = 0;
  #made = 0;
  #budget = 0;
  #finished = true;
  #nextCheck = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#world = worldOf(plan.seed);
    this.#random = new Random(plan.seed, 0);
    this.#shape = new TraceShape(this.#world, this.#random);
    this.#buffers = new BatchBuffers(this.#world);
    this.#oldest = new Float64Array(this.#world.instances.length);
    this.#giant = Math.floor(plan.giants * 4294967296);
  }

  /** Starts block `block`, whose simulated time begins at `baseNano` (ns since 1970). */
  begin(block: number, baseNano: bigint): void {
    this.#block = block;
    this.#index = 0;
    this.#made = 0;
    this.#producerCount = 0;
    this.#nextCheck = FLUSH_CHECK_NANO;
    this.#ready = [];
    this.#random.reset(this.#plan.seed, block);
    this.#buffers.clear();
    this.#budget = spansInBlock(this.#plan, block);
    this.#finished = this.#budget === 0;
    this.#times.baseLow = Number(baseNano & 0xffff_ffffn);
    this.#times.baseHigh = Number(baseNano >> 32n);
  }

  /** The next request of the block; undefined at its end. */
  next(): Batch | undefined {
    while (this.#ready.length === 0 && !this.#finished) this.#trace();
    return this.#ready.shift();
  }

  #trace(): void {
    const random = this.#random;
    const giant = random.next() < this.#giant;
    const entry = giant ? this.#world.giant : this.#entry();
    const limit = Math.min(giant ? GIANT_SPANS : MAX_SPANS, this.#budget - this.#made);
    this.#context.begin(random, this.#plan.sampled);
    this.#shape.grow(entry, limit);
    const now = ((this.#made + random.unit()) / this.#plan.simulatedRate) * 1e9;
    this.#write(now);
    this.#made += this.#shape.length;
    if (now >= this.#nextCheck) this.#flushOld(now);
    if (this.#made < this.#budget) return;
    this.#finished = true;
    for (let instance = 0; instance < this.#oldest.length; instance++) this.#flush(instance);
  }

  #entry(): RunningOperation {
    const word = this.#random.next();
    let index = 0;
    while (word >= (this.#world.entryBounds[index] as number)) index++;
    return defined(this.#world.entries[index], "an entry");
  }

  /** Writes all spans of the shape; the trace's last span ends at `now`, ns after the block's base. */
  #write(now: number): void {
    const shape = this.#shape;
    const ids = this.#spanIds;
    for (let i = 0; i < shape.length * 2; i++) ids[i] = this.#random.next();
    const origin = now - shape.end;
    for (let row = shape.length - 1; row >= 0; row--) {
      const instance = shape.instances[row] as number;
      if ((shape.operations[row] as RunningOperation).changesBook)
        this.#context.drawBook(this.#random);
      if (this.#buffers.counts[instance] === 0) this.#oldest[instance] = now;
      this.#writeSpan(row, origin);
      if (++(this.#buffers.counts[instance] as number) >= this.#plan.batch) this.#flush(instance);
    }
  }

  #writeSpan(row: number, origin: number): void {
    const { operations, instances, peers, outcomes, starts, durations } = this.#shape;
    const operation = operations[row] as RunningOperation;
    const instance = instances[row] as number;
    const templates = operation.templates[outcomes[row] as number] as readonly SpanTemplate[];
    const template = templates[this.#random.below(templates.length)] as SpanTemplate;
    const pod = defined(this.#world.instances[instance], "a pod");
    const peer = defined(this.#world.instances[peers[row] as number], "a pod").address;
    const { startStep, durationStep } = operation.service;
    const start = Math.floor((origin + (starts[row] as number) + pod.skew) / startStep) * startStep;
    const duration = Math.floor((durations[row] as number) / durationStep) * durationStep;
    const links = operation.links === 0 ? 0 : this.#linkCount(operation.links);
    const body = this.#writeHead(
      row,
      instance,
      operation.scope,
      template.bytes.length + links * LINK_BYTES,
    );
    const buffer = defined(this.#buffers.scopes[instance * SCOPES + operation.scope], "a buffer");
    const { bytes, view, length: at } = buffer;
    bytes.set(template.bytes, at);
    writeTime(view, at + template.startAt, this.#times, start);
    writeTime(view, at + template.startAt + 9, this.#times, start + duration);
    applyPatches(
      buffer,
      at,
      template,
      this.#context,
      peer,
      this.#times,
      start,
      duration,
      this.#random,
    );
    if (links > 0) {
      bytes.copyWithin(
        at + template.linksAt + links * LINK_BYTES,
        at + template.linksAt,
        at + template.bytes.length,
      );
      this.#writeLinks(view, at + template.linksAt, links);
    }
    buffer.length += body;
    if (isProducer(operation.kind)) this.#remember(row);
  }

  /** Tag, length and ids of a span with `body` further bytes; returns `body`. */
  #writeHead(row: number, instance: number, scope: number, body: number): number {
    const buffer = defined(this.#buffers.scopes[instance * SCOPES + scope], "a buffer");
    const { traceId, traceState } = this.#context;
    const parent = this.#shape.parents[row] as number;
    const stateBytes = traceState.length === 0 ? 0 : traceState.length + 2;
    const size = 28 + stateBytes + (parent < 0 ? 0 : 10) + body;
    buffer.reserve(size + 6);
    const { bytes, view } = buffer;
    let at = buffer.length;
    bytes[at++] = SPAN_TAG;
    let rest = size;
    while (rest >= 128) {
      bytes[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    bytes[at++] = 0x0a;
    bytes[at++] = 16;
    for (let i = 0; i < 4; i++) view.setUint32(at + i * 4, traceId[i] as number);
    at = this.#writeId(bytes, view, at + 16, 0x12, row);
    if (stateBytes > 0) {
      bytes[at++] = 0x1a;
      bytes[at++] = traceState.length;
      bytes.set(traceState, at);
      at += traceState.length;
    }
    buffer.length = parent < 0 ? at : this.#writeId(bytes, view, at, 0x22, parent);
    return body;
  }

  #writeId(bytes: Uint8Array, view: DataView, at: number, tag: number, row: number): number {
    bytes[at] = tag;
    bytes[at + 1] = 8;
    view.setUint32(at + 2, this.#spanIds[row * 2] as number);
    view.setUint32(at + 6, this.#spanIds[row * 2 + 1] as number);
    return at + 10;
  }

  #linkCount(most: number): number {
    const known = Math.min(this.#producerCount, REMEMBERED_PRODUCERS);
    return Math.min(known, 1 + this.#random.below(most));
  }

  #writeLinks(view: DataView, from: number, count: number): void {
    for (let k = 0; k < count; k++) {
      const at = from + k * LINK_BYTES;
      const slot = ((this.#producerCount - 1 - k) % REMEMBERED_PRODUCERS) * 6;
      view.setUint16(at, 0x6a21); // field 13, 33 bytes
      view.setUint16(at + 2, 0x0a10); // trace id
      for (let i = 0; i < 4; i++)
        view.setUint32(at + 4 + i * 4, this.#producers[slot + i] as number);
      view.setUint16(at + 20, 0x1208); // span id
      view.setUint32(at + 22, this.#producers[slot + 4] as number);
      view.setUint32(at + 26, this.#producers[slot + 5] as number);
      view.setUint8(at + 30, 0x35); // flags: sampled, remote
      view.setUint32(at + 31, 0x301, true);
    }
  }

  #remember(row: number): void {
    const slot = (this.#producerCount++ % REMEMBERED_PRODUCERS) * 6;
    this.#producers.set(this.#context.traceId, slot);
    this.#producers[slot + 4] = this.#spanIds[row * 2] as number;
    this.#producers[slot + 5] = this.#spanIds[row * 2 + 1] as number;
  }

  #flushOld(now: number): void {
    this.#nextCheck = now + FLUSH_CHECK_NANO;
    const age = this.#plan.flushAfterNano;
    if (age === undefined) return;
    for (let instance = 0; instance < this.#oldest.length; instance++) {
      if (now - (this.#oldest[instance] as number) >= age) this.#flush(instance);
    }
  }

  #flush(instance: number): void {
    const spans = this.#buffers.counts[instance] as number;
    if (spans === 0) return;
    const first = this.#firstTraceId(instance);
    const payload = this.#buffers.take(instance);
    const sequence = this.#block * BATCHES_PER_BLOCK + this.#index++;
    this.#ready.push({ sequence, spans, firstTraceId: first, payload });
  }

  #firstTraceId(instance: number): string {
    for (let scope = 0; scope < SCOPES; scope++) {
      const { bytes, length } = defined(
        this.#buffers.scopes[instance * SCOPES + scope],
        "a buffer",
      );
      if (length === 0) continue;
      let at = 1;
      while ((bytes[at] as number) >= 128) at++;
      return toHex(bytes, at + 3, 16);
    }
    return "";
  }
}
