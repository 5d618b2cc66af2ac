// Writes one span: its ids, a copy of a template, and the patches that make this use of it its own.
// This is the hot path of the generator: about a microsecond a span, no objects made.

import { traceVariables, traceVariablesLength } from "./attribute-spec.ts";
import type { ScopeBuffer } from "./batch-buffers.ts";
import { Patch } from "./piece.ts";
import type { Random } from "./random.ts";
import type { SpanTemplate } from "./span-template.ts";

/** Bytes of one link, its tag and length included. */
export const LINK_BYTES = 35;

const HEX = new TextEncoder().encode("0123456789abcdef");
const USERS = 400_000;
const TITLES = 120_000;
const DEPOTS = 90;
const encoder = new TextEncoder();

/** Sampling thresholds of `ot=th:`, with the byte that trace ids must at least have to pass them. */
const thresholds = [
  { state: encoder.encode("ot=th:8"), least: 0x80 },
  { state: encoder.encode("ot=th:c"), least: 0xc0 },
  { state: encoder.encode("ot=th:e"), least: 0xe0 },
  { state: encoder.encode("ot=th:fd70a4"), least: 0xfe },
] as const;

/** A span's place in time, unsigned 64-bit nanoseconds as (base + offset). */
export interface Times {
  /** Low and high words of the block's base time. */
  baseLow: number;
  baseHigh: number;
}

/** What spans of the current trace share. */
export class TraceContext {
  readonly traceId: Uint32Array = new Uint32Array(4);
  readonly variables: Uint8Array<ArrayBuffer> = new Uint8Array(traceVariablesLength);
  /** tracestate, empty for none. */
  traceState: Uint8Array = new Uint8Array(0);

  /** Draws a new trace id, its variables, and with probability `sampled` a sampling threshold. */
  begin(random: Random, sampled: number): void {
    for (let i = 0; i < 4; i++) this.traceId[i] = random.next();
    this.#decimal("user", ((random.zipf(USERS) + 1) * 7_919_017) % 10_000_000);
    this.drawBook(random);
    this.#decimal("order", 1_000_000_000 + random.next());
    this.#decimal("parcel", 100_000_000 + (random.next() % 900_000_000));
    this.#decimal("depot", 100 + random.zipf(DEPOTS));
    this.#hex("basket", random);
    this.#hex("session", random);
    this.#address(random);
    if (sampled === 0 || random.unit() >= sampled) {
      this.traceState = EMPTY;
      return;
    }
    const threshold = thresholds[random.below(thresholds.length)] ?? thresholds[0];
    this.traceState = threshold.state;
    // A sampled trace id must be one that its threshold lets through: byte 9 leads the random part.
    this.traceId[2] = ((this.traceId[2] as number) | (threshold.least << 16)) >>> 0;
  }

  /** Draws another book; popular ones come often. */
  drawBook(random: Random): void {
    const rank = random.zipf(TITLES);
    this.#decimal("isbn", 9_780_000_000_000 + ((rank * 104_729_017 + 31) % 10_000_000_000));
  }

  #decimal(name: string, value: number): void {
    const [offset, length] = traceVariables[name] as readonly [number, number];
    let rest = value;
    for (let i = offset + length - 1; i >= offset; i--) {
      this.variables[i] = 48 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }

  #hex(name: string, random: Random): void {
    const [offset, length] = traceVariables[name] as readonly [number, number];
    writeHex(this.variables, offset, length, random);
  }

  #address(random: Random): void {
    const [offset] = traceVariables["client"] as readonly [number, number];
    for (let part = 0; part < 4; part++) {
      const value = 100 + random.below(122);
      const at = offset + part * 4;
      this.variables[at] = 48 + Math.floor(value / 100);
      this.variables[at + 1] = 48 + (Math.floor(value / 10) % 10);
      this.variables[at + 2] = 48 + (value % 10);
      if (part < 3) this.variables[at + 3] = 46;
    }
  }
}

const EMPTY = new Uint8Array(0);

function writeHex(bytes: Uint8Array, from: number, count: number, random: Random): void {
  let word = 0;
  for (let i = 0; i < count; i++) {
    if ((i & 7) === 0) word = random.next();
    bytes[from + i] = HEX[word & 15] as number;
    word >>>= 4;
  }
}

function writeDigits(bytes: Uint8Array, from: number, count: number, random: Random): void {
  let word = 0;
  for (let i = 0; i < count; i++) {
    if (i % 9 === 0) word = random.next();
    bytes[from + i] = 48 + (word % 10);
    word = (word / 10) >>> 0;
  }
}

function writeInt(
  bytes: Uint8Array,
  from: number,
  low: number,
  high: number,
  random: Random,
): void {
  const unit = random.next() / 4294967296;
  let rest = low + Math.floor(unit * unit * (high - low + 1));
  let at = from;
  while (rest >= 128) {
    bytes[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[at] = rest;
}

/** Writes base + offset as a little-endian 64-bit number; `offset` is an integer below 2^52. */
export function writeTime(view: DataView, at: number, times: Times, offset: number): void {
  const sum = times.baseLow + offset;
  const high = Math.floor(sum / 4294967296);
  view.setUint32(at, sum - high * 4294967296, true);
  view.setUint32(at + 4, times.baseHigh + high, true);
}

/** Patches the copy of `template` that begins at `from`. `start` and `duration` are nanoseconds. */
export function applyPatches(
  buffer: ScopeBuffer,
  from: number,
  template: SpanTemplate,
  context: TraceContext,
  peer: Uint8Array,
  times: Times,
  start: number,
  duration: number,
  random: Random,
): void {
  const { bytes, view } = buffer;
  const patches = template.patches;
  for (let i = 0; i < patches.length; i += 4) {
    const at = from + (patches[i + 1] as number);
    const a = patches[i + 2] as number;
    switch (patches[i] as (typeof Patch)[keyof typeof Patch]) {
      case Patch.Digits:
        writeDigits(bytes, at, a, random);
        break;
      case Patch.Hex:
        writeHex(bytes, at, a, random);
        break;
      case Patch.Variable: {
        const length = patches[i + 3] as number;
        for (let k = 0; k < length; k++) bytes[at + k] = context.variables[a + k] as number;
        break;
      }
      case Patch.Peer:
        for (let k = 0; k < peer.length; k++) bytes[at + k] = peer[k] as number;
        break;
      case Patch.Int:
        writeInt(bytes, at, a, patches[i + 3] as number, random);
        break;
      case Patch.Double: {
        const span = (patches[i + 3] as number) - a + 1;
        view.setFloat64(at, (a + Math.floor((random.next() / 4294967296) * span)) / 100, true);
        break;
      }
      case Patch.Bool:
        bytes[at] = random.next() < a * 4294967.296 ? 1 : 0;
        break;
      case Patch.EventTime:
        writeTime(view, at, times, start + Math.floor((duration * a) / 1000));
        break;
    }
  }
}
