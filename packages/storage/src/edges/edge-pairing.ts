// Service edges, found while spans arrive: a client span and the server span it caused make an edge from
// caller to callee, whichever half comes first and however many batches lie between. Database and queue
// calls are edges at once; a client span whose server never reports becomes an edge to an external peer
// when its time is up. Closed edges are summed in `EdgeSums`.

import { type SpanBatch, SpanKind, StatusCode } from "@clew/model";
import type { SplitAttributes } from "../write/attribute-split.ts";
import { NameTranslation } from "../write/name-translation.ts";
import { SegmentMemory } from "../write/segment-memory.ts";
import type { SpanFacts } from "../write/span-facts.ts";
import type { EdgeSums } from "./edge-sums.ts";
import { NodeType, Peers } from "./peers.ts";
import { callHash, emptyHalf, type Half, KEY_WORDS, PendingCalls } from "./pending-calls.ts";

export interface EdgePairingOptions {
  /** Halves that may wait at once, a power of two; beyond it the oldest are treated as expired. */
  readonly capacity?: number;
  /** How long a half waits for the other. */
  readonly waitMs?: number;
}

const MAX_NAMES = 100_000;

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

  /** Takes the calls of a batch and adds the edges that closed to `into`. */
  collect(
    batch: SpanBatch,
    facts: SpanFacts,
    split: SplitAttributes,
    nowMs: number,
    into: EdgeSums,
    memory: SegmentMemory = new SegmentMemory(),
  ): void {
    if (this.#pending.names.size > MAX_NAMES) this.#pending = new PendingCalls(this.#capacity);
    const edges = new ClosedEdges(this.#pending, into, memory);
    const visit = new CallVisitor(batch, facts, split, this.#pending, edges, nowMs, memory);
    for (let row = 0; row < batch.length; row++) visit.span(row);
    this.#pending.expire(nowMs - this.#waitMs, edges.onExpired);
  }

  /** Adds the edges of the halves whose time is up, or of all that wait. */
  expire(
    nowMs: number,
    isLast: boolean,
    into: EdgeSums,
    memory: SegmentMemory = new SegmentMemory(),
  ): void {
    const edges = new ClosedEdges(this.#pending, into, memory);
    const beforeMs = isLast ? Number.POSITIVE_INFINITY : nowMs - this.#waitMs;
    this.#pending.expire(beforeMs, edges.onExpired);
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
  /** From the batch's strings to the names that outlive it, and to those of the sums. */
  readonly #kept: NameTranslation;
  readonly #summed: NameTranslation;

  constructor(
    batch: SpanBatch,
    facts: SpanFacts,
    split: SplitAttributes,
    pending: PendingCalls,
    edges: ClosedEdges,
    nowMs: number,
    memory: SegmentMemory,
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
    this.#kept = new NameTranslation(batch.strings, pending.names, memory);
    this.#summed = new NameTranslation(batch.strings, edges.sums.strings, memory);
  }

  span(row: number): void {
    const kind = this.#batch.kind[row];
    if (kind === SpanKind.Client || kind === SpanKind.Producer) this.#client(row, kind);
    else if (kind === SpanKind.Server || kind === SpanKind.Consumer) this.#server(row, kind);
  }

  #client(row: number, kind: number): void {
    const database = this.#peers.database(row);
    if (database !== 0) return this.#fromService(row, database, NodeType.Database);
    const destination = kind === SpanKind.Producer ? this.#peers.destination(row) : 0;
    if (destination !== 0) {
      return this.#fromService(row, destination, NodeType.Messaging);
    }
    this.#keyOf(row, this.#spanWords);
    const half = this.#fill(row, true);
    const hash = callHash(this.#key);
    if (this.#pending.take(this.#key, hash, false, this.#other)) {
      this.#edges.pair(half, this.#other.service);
      return;
    }
    half.peer = this.#kept.id(this.#peers.external(row));
    this.#pending.put(this.#key, hash, half, this.#nowMs, this.#edges.onExpired);
  }

  #server(row: number, kind: number): void {
    const destination = kind === SpanKind.Consumer ? this.#peers.destination(row) : 0;
    if (destination !== 0) return this.#fromDestination(row, destination);
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
    key[0] = this.#kept.id(this.#batch.tenant[row] as number);
    for (let word = 0; word < 4; word++) {
      key[1 + word] = this.#traceWords[row * 4 + word] as number;
    }
    key[5] = spanWords[row * 2] as number;
    key[6] = spanWords[row * 2 + 1] as number;
  }

  #fill(row: number, isClient: boolean): Half {
    const half = this.#own;
    half.tenant = this.#kept.id(this.#batch.tenant[row] as number);
    half.service = this.#kept.id(this.#facts.service[row] as number);
    half.peer = 0;
    half.isClient = isClient;
    half.minute = this.#facts.minute[row] as number;
    half.kept = ((this.#facts.day[row] as number) << 16) | (this.#facts.keepDays[row] as number);
    half.durationNano = this.#batch.durationNano(row);
    half.isError = this.#batch.status[row] === StatusCode.Error;
    half.weight = this.#batch.adjustedCount[row] as number;
    return half;
  }

  #fromService(row: number, target: number, type: number): void {
    const service = this.#facts.service[row] as number;
    this.#add(row, service, target, (NodeType.Service << 8) | type);
  }

  #fromDestination(row: number, destination: number): void {
    const service = this.#facts.service[row] as number;
    this.#add(row, destination, service, (NodeType.Messaging << 8) | NodeType.Service);
  }

  #add(row: number, source: number, target: number, types: number): void {
    const { sums } = this.#edges;
    const names = this.#summed;
    sums.choose(
      names.id(this.#batch.tenant[row] as number),
      names.id(source),
      names.id(target),
      types,
      this.#facts.minute[row] as number,
      ((this.#facts.day[row] as number) << 16) | (this.#facts.keepDays[row] as number),
    );
    const isError = this.#batch.status[row] === StatusCode.Error;
    sums.add(this.#batch.durationNano(row), this.#batch.adjustedCount[row] as number, isError);
  }
}

/** Edges of halves: of those that met, and of those whose time is up. */
class ClosedEdges {
  readonly sums: EdgeSums;
  /** From names that outlive a batch to those of the sums. */
  readonly #names: NameTranslation;

  constructor(pending: PendingCalls, sums: EdgeSums, memory: SegmentMemory) {
    this.sums = sums;
    this.#names = new NameTranslation(pending.names, sums.strings, memory);
  }

  /** A half whose time is up: a client's call went to a peer that sends no spans. */
  readonly onExpired = (half: Half): void => {
    if (half.isClient && half.peer !== 0) this.#add(half, half.peer, NodeType.External);
  };

  /** The client half met a server span of the service `target`. */
  pair(client: Half, target: number): void {
    this.#add(client, target, NodeType.Service);
  }

  #add(half: Half, target: number, type: number): void {
    const names = this.#names;
    this.sums.choose(
      names.id(half.tenant),
      names.id(half.service),
      names.id(target),
      (NodeType.Service << 8) | type,
      half.minute,
      half.kept,
    );
    this.sums.add(half.durationNano, half.weight, half.isError);
  }
}
