// Halves of calls that wait for their other half: a client span for the server span it caused, or the
// server span for its client, whichever arrives first. Fixed memory: entries live in a ring in order of
// arrival; the oldest leave when their time is up or when the ring is full.

import { ByteDictionary } from "@clew/model";

/** What is kept of a half. Names are ids in `PendingCalls.names`. */
export interface Half {
  tenant: number;
  service: number;
  /** Fallback target of a client half, 0 = none. */
  peer: number;
  isClient: boolean;
  minute: number;
  kept: number;
  durationNano: number;
  isError: boolean;
  weight: number;
}

/** Tenant, four words of trace id, two words of the client span's id. */
export const KEY_WORDS = 7;

/** Waiting halves keyed by tenant, trace id and id of the client span. */
export class PendingCalls {
  readonly names: ByteDictionary = new ByteDictionary();
  readonly capacity: number;
  /** Ring positions: entries `oldest .. next` (unwrapped counters). */
  #oldest = 0;
  #next = 0;
  readonly #keys: Uint32Array;
  readonly #words: Uint32Array; // tenant, service, peer, flags, minute, kept
  readonly #numbers: Float64Array; // duration, weight, arrival ms
  /**
   * Open addressing, two words a slot: entry + 1 (0 = free) and the key's hash, so that a probe reads
   * nothing else but of the half that it looks for. At least half of the slots are free; there are only
   * as many as the halves that waited at once needed, so that they stay in the processor's cache.
   */
  #slots: Uint32Array = new Uint32Array(1024);
  #mask = 511;
  /** Entries of the ring that wait; the others are taken. */
  #waiting = 0;
  readonly #expired: Half = emptyHalf();

  /** `capacity`: a power of two. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.#keys = new Uint32Array(capacity * KEY_WORDS);
    this.#words = new Uint32Array(capacity * 6);
    this.#numbers = new Float64Array(capacity * 3);
  }

  get size(): number {
    return this.#next - this.#oldest;
  }

  /** Removes and returns the waiting half of the other side into `into`; false when there is none. */
  take(key: Uint32Array, hash: number, wantClient: boolean, into: Half): boolean {
    const slot = this.#slotOf(key, hash, wantClient);
    if (slot < 0) return false;
    const entry = (this.#slots[slot * 2] as number) - 1;
    this.#read(entry, into);
    this.#words[entry * 6 + 3] = 0;
    this.#free(slot);
    return true;
  }

  /**
   * Adds a half; when the ring is full the oldest is handed to `onExpired` first. A half that waits
   * already (its span was sent twice) is not added again. `hash` is the key's {@link callHash}.
   */
  put(
    key: Uint32Array,
    hash: number,
    half: Half,
    nowMs: number,
    onExpired: (half: Half) => void,
  ): void {
    if (this.#slotOf(key, hash, half.isClient) >= 0) return;
    if (this.size === this.capacity) this.#expireOldest(onExpired);
    const entry = this.#next++ & (this.capacity - 1);
    for (let i = 0; i < KEY_WORDS; i++) this.#keys[entry * KEY_WORDS + i] = key[i] as number;
    const words = this.#words;
    words[entry * 6] = half.tenant;
    words[entry * 6 + 1] = half.service;
    words[entry * 6 + 2] = half.peer;
    words[entry * 6 + 3] = 1 | (half.isClient ? 2 : 0) | (half.isError ? 4 : 0);
    words[entry * 6 + 4] = half.minute;
    words[entry * 6 + 5] = half.kept;
    this.#numbers[entry * 3] = half.durationNano;
    this.#numbers[entry * 3 + 1] = half.weight;
    this.#numbers[entry * 3 + 2] = nowMs;
    if (++this.#waiting * 2 > this.#mask + 1) this.#growSlots();
    this.#place(entry + 1, hash);
  }

  /** Hands over every half that arrived before `beforeMs`; it is valid during the call. */
  expire(beforeMs: number, onExpired: (half: Half) => void): void {
    while (this.size > 0) {
      const entry = this.#oldest & (this.capacity - 1);
      if ((this.#numbers[entry * 3 + 2] as number) >= beforeMs) break;
      this.#expireOldest(onExpired);
    }
  }

  #expireOldest(onExpired: (half: Half) => void): void {
    const entry = this.#oldest++ & (this.capacity - 1);
    if (((this.#words[entry * 6 + 3] as number) & 1) === 0) return; // taken
    const key = this.#keys.subarray(entry * KEY_WORDS, entry * KEY_WORDS + KEY_WORDS);
    let slot = callHash(key) & this.#mask;
    while (this.#slots[slot * 2] !== entry + 1) slot = (slot + 1) & this.#mask;
    this.#read(entry, this.#expired);
    this.#words[entry * 6 + 3] = 0;
    this.#free(slot);
    onExpired(this.#expired);
  }

  /** Frees a slot and moves up what was pushed past it, so that a free slot always ends a probe. */
  #free(slot: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let hole = slot;
    for (let at = (slot + 1) & mask; slots[at * 2] !== 0; at = (at + 1) & mask) {
      const home = (slots[at * 2 + 1] as number) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole * 2] = slots[at * 2] as number;
      slots[hole * 2 + 1] = slots[at * 2 + 1] as number;
      hole = at;
    }
    slots[hole * 2] = 0;
    this.#waiting--;
  }

  #place(entryPlusOne: number, hash: number): void {
    let slot = hash & this.#mask;
    while (this.#slots[slot * 2] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot * 2] = entryPlusOne;
    this.#slots[slot * 2 + 1] = hash;
  }

  #growSlots(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.#mask = old.length - 1;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] !== 0) this.#place(old[at] as number, old[at + 1] as number);
    }
  }

  #slotOf(key: Uint32Array, hash: number, isClient: boolean): number {
    const slots = this.#slots;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = slots[slot * 2] as number;
      if (entry === 0) return -1;
      if (slots[slot * 2 + 1] === hash && this.#matches(entry - 1, key, isClient)) return slot;
    }
  }

  #matches(entry: number, key: Uint32Array, wantClient: boolean): boolean {
    if ((((this.#words[entry * 6 + 3] as number) & 2) !== 0) !== wantClient) return false;
    for (let i = 0; i < KEY_WORDS; i++) {
      if (this.#keys[entry * KEY_WORDS + i] !== key[i]) return false;
    }
    return true;
  }

  #read(entry: number, into: Half): void {
    const flags = this.#words[entry * 6 + 3] as number;
    into.tenant = this.#words[entry * 6] as number;
    into.service = this.#words[entry * 6 + 1] as number;
    into.peer = this.#words[entry * 6 + 2] as number;
    into.isClient = (flags & 2) !== 0;
    into.isError = (flags & 4) !== 0;
    into.minute = this.#words[entry * 6 + 4] as number;
    into.kept = this.#words[entry * 6 + 5] as number;
    into.durationNano = this.#numbers[entry * 3] as number;
    into.weight = this.#numbers[entry * 3 + 1] as number;
  }
}

export function emptyHalf(): Half {
  return {
    tenant: 0,
    service: 0,
    peer: 0,
    isClient: false,
    minute: 0,
    kept: 0,
    durationNano: 0,
    isError: false,
    weight: 0,
  };
}

// Secret, so that no sender can prepare ids that all fall on one slot.
const SEED = crypto.getRandomValues(new Uint32Array(1))[0] as number;

/** Hash of a call's key for {@link PendingCalls}. */
export function callHash(key: Uint32Array): number {
  let hash = SEED;
  for (let i = 0; i < KEY_WORDS; i++) {
    hash = Math.imul(hash ^ (key[i] as number), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return Math.imul(hash, 0xc2b2ae35) >>> 7;
}
