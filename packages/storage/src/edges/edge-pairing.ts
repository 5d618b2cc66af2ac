// Service edges, found while spans arrive: a client span and the server span it caused make an edge from
// caller to callee, whichever half comes first and however many batches lie between. Database and queue
// calls are edges at once; a client span whose server never reports becomes an edge to an external peer
// when its time is up. Closed edges are summed a segment and written as rows of `edges_1m`.

import { grown } from "@clew/base";
import { SpanBatch, SpanKind, StatusCode } from "@clew/model";
import { NativeBlock } from "../native/native-block.ts";
import { NODE_TYPE, SOURCE_TYPE } from "../schema/column-types.ts";
import type { SplitAttributes } from "../write/attribute-split.ts";
import { GroupTable } from "../write/group-table.ts";
import { Histograms, histogramBucket } from "../write/histograms.ts";
import { OTHER_NAME } from "../write/red-blocks.ts";
import { SegmentMemory } from "../write/segment-memory.ts";
import type { SpanFacts } from "../write/span-facts.ts";
import { NodeType, Peers } from "./peers.ts";
import { callHash, emptyHalf, type Half, KEY_WORDS, PendingCalls } from "./pending-calls.ts";

export interface EdgePairingOptions {
  /** Halves that may wait at once, a power of two; beyond it the oldest are treated as expired. */
  readonly capacity?: number;
  /** How long a half waits for the other. */
  readonly waitMs?: number;
}

const MAX_NAMES = 100_000;
/** Edges of a segment; beyond it those to databases, queues and peers that are new go to "(other)". */
const MAX_EDGES = 20_000;

/** Pairs the halves of calls across batches. One instance a collector. */
export class EdgePairing {
  readonly #waitMs: number;
  readonly #capacity: number;
  #pending: PendingCalls;

  constructor({ capacity = 1 << 18, waitMs = 10_000 }: EdgePairingOptions = {}) {
    this.#capacity = capacity;
    this.#waitMs = waitMs;
    this.#pending = new PendingCalls(capacity);
  }

  /** Halves that wait now. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** Takes the calls of a batch; returns the Native block of the edges that closed, or undefined when none did. */
  collect(
    batch: SpanBatch,
    facts: SpanFacts,
    split: SplitAttributes,
    nowMs: number,
    memory: SegmentMemory = new SegmentMemory(),
  ): Uint8Array<ArrayBuffer> | undefined {
    if (this.#pending.names.size > MAX_NAMES) this.#pending = new PendingCalls(this.#capacity);
    const edges = new ClosedEdges(batch, this.#pending, memory);
    const visit = new CallVisitor(batch, facts, split, this.#pending, edges, nowMs);
    for (let row = 0; row < batch.length; row++) visit.span(row);
    this.#pending.expire(nowMs - this.#waitMs, edges.onExpired);
    return edges.write(memory);
  }

  /** Edges of the halves that arrived before `beforeMs`, when no batch brings them along. */
  expire(
    beforeMs: number,
    memory: SegmentMemory = new SegmentMemory(),
  ): Uint8Array<ArrayBuffer> | undefined {
    const edges = new ClosedEdges(new SpanBatch(), this.#pending, memory);
    this.#pending.expire(beforeMs, edges.onExpired);
    return edges.write(memory);
  }

  /** {@link expire} for the halves whose time is up. */
  expireDue(nowMs: number, memory?: SegmentMemory): Uint8Array<ArrayBuffer> | undefined {
    return this.expire(nowMs - this.#waitMs, memory);
  }
}

/** Looks at the spans of one batch and finds calls. */
class CallVisitor {
  readonly #batch: SpanBatch;
  readonly #facts: SpanFacts;
  readonly #pending: PendingCalls;
  readonly #edges: ClosedEdges;
  readonly #peers: Peers;
  readonly #nowMs: number;
  readonly #key = new Uint32Array(KEY_WORDS);
  readonly #traceWords: Uint32Array;
  readonly #spanWords: Uint32Array;
  readonly #parentWords: Uint32Array;
  readonly #own: Half = emptyHalf();
  readonly #other: Half = emptyHalf();

  constructor(
    batch: SpanBatch,
    facts: SpanFacts,
    split: SplitAttributes,
    pending: PendingCalls,
    edges: ClosedEdges,
    nowMs: number,
  ) {
    this.#batch = batch;
    this.#facts = facts;
    this.#pending = pending;
    this.#edges = edges;
    this.#nowMs = nowMs;
    this.#peers = new Peers(batch, split);
    this.#traceWords = new Uint32Array(batch.traceIds.buffer);
    this.#spanWords = new Uint32Array(batch.spanIds.buffer);
    this.#parentWords = new Uint32Array(batch.parentIds.buffer);
  }

  span(row: number): void {
    const kind = this.#batch.kind[row];
    if (kind === SpanKind.Client || kind === SpanKind.Producer) this.#client(row, kind);
    else if (kind === SpanKind.Server || kind === SpanKind.Consumer) this.#server(row, kind);
  }

  #client(row: number, kind: number): void {
    const database = this.#peers.database(row);
    if (database !== 0)
      return this.#edges.fromService(row, this.#facts, database, NodeType.Database);
    const destination = kind === SpanKind.Producer ? this.#peers.destination(row) : 0;
    if (destination !== 0) {
      return this.#edges.fromService(row, this.#facts, destination, NodeType.Messaging);
    }
    this.#keyOf(row, this.#spanWords);
    const half = this.#fill(row, true);
    const hash = callHash(this.#key);
    if (this.#pending.take(this.#key, hash, false, this.#other)) {
      this.#edges.pair(half, this.#other.service);
      return;
    }
    half.peer = this.#edges.keptName(this.#peers.external(row));
    this.#pending.put(this.#key, hash, half, this.#nowMs, this.#edges.onExpired);
  }

  #server(row: number, kind: number): void {
    const destination = kind === SpanKind.Consumer ? this.#peers.destination(row) : 0;
    if (destination !== 0) return this.#edges.fromDestination(row, this.#facts, destination);
    if (((this.#parentWords[row * 2] as number) | (this.#parentWords[row * 2 + 1] as number)) === 0)
      return;
    this.#keyOf(row, this.#parentWords);
    const half = this.#fill(row, false);
    const hash = callHash(this.#key);
    if (this.#pending.take(this.#key, hash, true, this.#other)) {
      this.#edges.pair(this.#other, half.service);
      return;
    }
    this.#pending.put(this.#key, hash, half, this.#nowMs, this.#edges.onExpired);
  }

  /** The tenant is part of the key: equal ids of two tenants are two calls. */
  #keyOf(row: number, spanWords: Uint32Array): void {
    const key = this.#key;
    key[0] = this.#edges.keptName(this.#batch.tenant[row] as number);
    for (let word = 0; word < 4; word++) {
      key[1 + word] = this.#traceWords[row * 4 + word] as number;
    }
    key[5] = spanWords[row * 2] as number;
    key[6] = spanWords[row * 2 + 1] as number;
  }

  #fill(row: number, isClient: boolean): Half {
    const half = this.#own;
    half.tenant = this.#edges.keptName(this.#batch.tenant[row] as number);
    half.service = this.#edges.keptName(this.#facts.service[row] as number);
    half.peer = 0;
    half.isClient = isClient;
    half.minute = this.#facts.minute[row] as number;
    half.kept = ((this.#facts.day[row] as number) << 16) | (this.#facts.keepDays[row] as number);
    half.durationNano = this.#batch.durationNano(row);
    half.isError = this.#batch.status[row] === StatusCode.Error;
    half.weight = this.#batch.adjustedCount[row] as number;
    return half;
  }
}

/** Sums of the edges that closed within one segment. Keys: tenant, source, target, types, minute, kept. */
class ClosedEdges {
  readonly #batch: SpanBatch;
  readonly #pending: PendingCalls;
  readonly #groups = new GroupTable(6);
  readonly #histograms = new Histograms();
  readonly #weights: number[] = [];
  readonly #errors: number[] = [];
  // Translations between the batch's strings and the names that outlive it: id + 1, 0 = not known yet.
  #kept: Uint32Array<ArrayBuffer>;
  #local: Uint32Array<ArrayBuffer>;

  constructor(batch: SpanBatch, pending: PendingCalls, memory: SegmentMemory) {
    this.#batch = batch;
    this.#pending = pending;
    this.#kept = memory.zeroWords(batch.strings.size);
    this.#local = memory.zeroWords(pending.names.size);
  }

  /** A half whose time is up: a client's call went to a peer that sends no spans. */
  readonly onExpired = (half: Half): void => {
    if (!half.isClient || half.peer === 0) return;
    this.#add(half, this.#localName(half.service), this.#localName(half.peer), NodeType.External);
  };

  /** The client half met a server span of the service `target` (a kept name). */
  pair(client: Half, target: number): void {
    this.#add(client, this.#localName(client.service), this.#localName(target), NodeType.Service);
  }

  fromService(row: number, facts: SpanFacts, target: number, type: number): void {
    this.#addRow(row, facts, facts.service[row] as number, target, (NodeType.Service << 8) | type);
  }

  fromDestination(row: number, facts: SpanFacts, destination: number): void {
    const types = (NodeType.Messaging << 8) | NodeType.Service;
    this.#addRow(row, facts, destination, facts.service[row] as number, types);
  }

  /** Name id that outlives the batch, for a string of the batch. */
  keptName(id: number): number {
    if (id === 0) return 0;
    const known = this.#kept[id] ?? 0;
    if (known !== 0) return known - 1;
    const { strings } = this.#batch;
    const kept = this.#pending.names.intern(
      strings.bytes,
      strings.offsets[id] as number,
      strings.offsets[id + 1] as number,
    );
    this.#kept = grown(this.#kept, id + 1);
    this.#kept[id] = kept + 1;
    return kept;
  }

  /** Native block of the edges, or undefined when there are none. */
  write(memory: SegmentMemory): Uint8Array<ArrayBuffer> | undefined {
    const groups = this.#groups;
    const rows = groups.size;
    if (rows === 0) return undefined;
    const types = groups.column(3);
    const block = new NativeBlock(this.#batch.strings, rows * 256 + 4096, memory.blocks);
    block.begin(11, rows);
    block.lowCardinality("tenant", groups.column(0), rows);
    block.lowCardinality("source", groups.column(1), rows);
    block.lowCardinality("target", groups.column(2), rows);
    block.fixed(
      "target_type",
      NODE_TYPE,
      Uint8Array.from(types, (value) => value & 255),
      rows,
    );
    block.fixed(
      "source_type",
      SOURCE_TYPE,
      Uint8Array.from(types, (value) => value >> 8),
      rows,
    );
    block.seconds("minute", groups.column(4), 60, rows);
    block.fixed("day", "Date", groups.halves(5, 16), rows);
    block.fixed("keep_days", "UInt16", groups.halves(5, 0), rows);
    block.fixed("weight", "Float64", Float64Array.from(this.#weights), rows);
    block.fixed("errors", "Float64", Float64Array.from(this.#errors), rows);
    block.histogram("hist", this.#histograms.column(rows), rows);
    return block.end();
  }

  #localName(kept: number): number {
    const known = this.#local[kept] ?? 0;
    if (known !== 0) return known - 1;
    const { names } = this.#pending;
    const id = this.#batch.strings.intern(
      names.bytes,
      names.offsets[kept] as number,
      names.offsets[kept + 1] as number,
    );
    this.#local = grown(this.#local, kept + 1);
    this.#local[kept] = id + 1;
    return id;
  }

  #add(half: Half, source: number, target: number, targetType: number): void {
    const { probe } = this.#groups;
    probe[0] = this.#localName(half.tenant);
    probe[1] = source;
    probe[2] = target;
    probe[3] = (NodeType.Service << 8) | targetType;
    probe[4] = half.minute;
    probe[5] = half.kept;
    this.#sum(half.durationNano, half.weight, half.isError);
  }

  #addRow(row: number, facts: SpanFacts, source: number, target: number, types: number): void {
    const { probe } = this.#groups;
    probe[0] = this.#batch.tenant[row] as number;
    probe[1] = source;
    probe[2] = target;
    probe[3] = types;
    probe[4] = facts.minute[row] as number;
    probe[5] = ((facts.day[row] as number) << 16) | (facts.keepDays[row] as number);
    const isError = this.#batch.status[row] === StatusCode.Error;
    this.#sum(this.#batch.durationNano(row), this.#batch.adjustedCount[row] as number, isError);
  }

  #sum(durationNano: number, weight: number, isError: boolean): void {
    if (this.#groups.size >= MAX_EDGES && !this.#groups.has()) this.#toOther();
    const group = this.#groups.group();
    this.#weights[group] = (this.#weights[group] ?? 0) + weight;
    this.#errors[group] = (this.#errors[group] ?? 0) + (isError ? weight : 0);
    this.#histograms.add(group, histogramBucket(durationNano), weight);
  }
  /** Renames whatever of the edge in the probe is no service. */
  #toOther(): void {
    const { probe } = this.#groups;
    const other = this.#batch.strings.internText(OTHER_NAME);
    const types = probe[3] as number;
    if (types >> 8 !== NodeType.Service) probe[1] = other;
    if ((types & 255) !== NodeType.Service) probe[2] = other;
  }
}
