// Collects the bound parameters of a query under construction: each call gives the placeholder to put
// into the text, so that no value is ever written into SQL.

import type { Parameter } from "../engines/engine.ts";

const MAX_LISTED = 100;

export class SqlParameters {
  readonly values: Record<string, Parameter> = {};
  #count = 0;

  text(value: string): string {
    return this.add("String", value);
  }

  uint16(value: number): string {
    return this.add("UInt16", value);
  }

  uint32(value: number): string {
    return this.add("UInt32", value);
  }

  int64(value: bigint): string {
    return this.add("Int64", value);
  }

  /** Bound as text: whole numbers past 2^53 are refused as JavaScript numbers. */
  float64(value: number): string {
    return this.add("Float64", String(value));
  }

  bool(value: boolean): string {
    return this.add("Bool", value);
  }

  texts(values: readonly string[]): string {
    return this.add("Array(String)", values);
  }

  /** Days since 1970 as the right side of IN; a list of single constants is what prunes partitions. */
  days(values: readonly number[]): string {
    return `(${values.map((value) => this.day(value)).join(", ")})`;
  }

  /** A day since 1970 as a Date. */
  day(value: number): string {
    return `toDate(${this.uint16(value)})`;
  }

  uint32s(values: readonly number[]): string {
    return this.add("Array(UInt32)", values);
  }

  uint64s(values: readonly bigint[]): string {
    return this.add("Array(UInt64)", values);
  }

  /** A time in nanoseconds since 1970 as DateTime64(9). */
  time(nano: bigint): string {
    return `fromUnixTimestamp64Nano(${this.int64(nano)}, 'UTC')`;
  }

  /** A trace id given in hex; a constant, so it reaches the primary key. */
  traceId(id: string): string {
    return `toFixedString(unhex(${this.text(id)}), 16)`;
  }

  /**
   * Trace ids given in hex, as the right side of IN. A list of single constants or a subquery's set reaches
   * the primary key, a computed array does not; the list costs less where it is short.
   */
  traceIds(ids: readonly string[]): string {
    // Each function in the list costs the engine some 30 us to plan.
    if (ids.length <= MAX_LISTED)
      return `(${ids.map((id) => `unhex(${this.text(id)})`).join(", ")})`;
    return this.packed(Buffer.from(ids.join(""), "hex"), "FixedString(16)");
  }

  /** Span ids given in hex, as the right side of IN. */
  spanIds(ids: readonly string[]): string {
    return this.packed(Buffer.from(ids.join(""), "hex"), "FixedString(8)");
  }

  /** Many numbers as the right side of IN. */
  uint64Set({ buffer, byteOffset, byteLength }: BigUint64Array): string {
    return this.packed(Buffer.from(buffer, byteOffset, byteLength), "UInt64");
  }

  /**
   * The set of `bytes` taken apart. A parameter's text costs the thread that asks some 30 ns a byte, an array's
   * elements as much again; materialize() leaves the rest of the work to the query's own threads.
   */
  private packed(bytes: Buffer, element: "FixedString(16)" | "FixedString(8)" | "UInt64"): string {
    const text = this.text(bytes.toString("base64"));
    return `(SELECT arrayJoin((SELECT reinterpret(base64Decode(${text}), 'Array(${element})'))))`;
  }

  private add(type: string, value: Parameter): string {
    const name = `p${this.#count++}`;
    this.values[name] = value;
    return `{${name}:${type}}`;
  }
}
