// Whole traces as columns: what a pipeline needs of their spans and no more. Rows of a trace lie together, in
// the order of start and span id.

import { grown } from "@clew/base";
import { NIL, type Value } from "./values.ts";

type Words = Uint32Array<ArrayBuffer>;

/**
 * A number for each span, by which another query can find it again. Different spans of a query on some minutes
 * may have the same one once in many million queries.
 */
export const SPAN_KEY = "cityHash64(trace_id, span_id, start)";

export class TraceColumns {
  /** Spans. */
  length = 0;
  traceCount = 0;
  /** 16 bytes a trace. */
  traceIds: Uint8Array<ArrayBuffer> = new Uint8Array(64 * 16);
  /** Rows of trace i: `offsets[i] .. offsets[i + 1]`. */
  offsets: Words = new Uint32Array(65);
  /** Two words a span, as are `parentIds`, `startWords` and `durationWords`; low word first. */
  spanIds: Words = new Uint32Array(512);
  /** Zero for none. */
  parentIds: Words = new Uint32Array(512);
  startWords: Words = new Uint32Array(512);
  durationWords: Words = new Uint32Array(512);
  /** `SPAN_KEY`s, where they are asked for; two words each. */
  readonly keys: Words[];
  /** Which conditions hold: bit i % 32 of column floor(i / 32) is condition i. */
  readonly bits: Words[];
  /** A column for each wanted value: index into `dictionary`. */
  readonly values: Words[];
  /** A column for each list of what events or links have: index into `dictionary`. */
  readonly choices: Words[];
  readonly dictionary: Value[] = [NIL];
  #start = new BigInt64Array(0);
  #duration = new BigInt64Array(0);

  constructor(conditions: number, values: number, choices: number, hasKeys: boolean) {
    const columns = (length: number): Words[] => Array.from({ length }, () => new Uint32Array(256));
    this.keys = hasKeys ? [new Uint32Array(512)] : [];
    this.bits = columns(Math.ceil(conditions / 32));
    this.values = columns(values);
    this.choices = columns(choices);
  }

  /** Forgets the traces but keeps the memory and the dictionary. */
  clear(): void {
    this.length = 0;
    this.traceCount = 0;
  }

  /** Nanoseconds since 1970. */
  get start(): BigInt64Array {
    if (this.#start.buffer !== this.startWords.buffer)
      this.#start = new BigInt64Array(this.startWords.buffer);
    return this.#start;
  }

  /** Nanoseconds; negative where a sender's end lies before its start. */
  get duration(): BigInt64Array {
    if (this.#duration.buffer !== this.durationWords.buffer)
      this.#duration = new BigInt64Array(this.durationWords.buffer);
    return this.#duration;
  }

  /** Makes room for a span; its row counts once `length` is raised. */
  beginSpan(): number {
    const row = this.length;
    if ((row + 1) * 2 > this.spanIds.length) this.#growSpans(row + 1);
    return row;
  }

  /** Counts the row of `beginSpan`, which is of the trace whose 16 bytes of id stand at `from`. */
  commitSpan(id: Uint8Array, from: number): void {
    if (this.traceCount === 0 || !this.#isLastTrace(id, from)) this.#beginTrace(id, from);
    this.length++;
  }

  /** Closes the last trace. */
  end(): void {
    this.offsets[this.traceCount] = this.length;
  }

  #isLastTrace(id: Uint8Array, from: number): boolean {
    const at = (this.traceCount - 1) * 16;
    for (let i = 0; i < 16; i++) if (this.traceIds[at + i] !== id[from + i]) return false;
    return true;
  }

  #beginTrace(id: Uint8Array, from: number): void {
    const trace = this.traceCount++;
    this.traceIds = grown(this.traceIds, this.traceCount * 16);
    this.offsets = grown(this.offsets, this.traceCount + 1);
    this.traceIds.set(id.subarray(from, from + 16), trace * 16);
    this.offsets[trace] = this.length;
  }

  #growSpans(needed: number): void {
    const rows = Math.max(needed, this.spanIds.length);
    this.spanIds = grown(this.spanIds, rows * 2);
    this.parentIds = grown(this.parentIds, rows * 2);
    this.startWords = grown(this.startWords, rows * 2);
    this.durationWords = grown(this.durationWords, rows * 2);
    for (const [i, column] of this.keys.entries()) this.keys[i] = grown(column, rows * 2);
    for (const columns of [this.bits, this.values, this.choices])
      for (const [i, column] of columns.entries()) columns[i] = grown(column, rows);
  }
}
