// Protobuf messages of requests, read field by field: small, flat, and with nothing in them that would be
// worth columns. Unknown fields are skipped; damage raises `malformed_payload`.

import { WireReader } from "@clew/codec";
import { keptNano } from "../../native/time.ts";

const what = "the request";
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const secondNano = 1_000_000_000n;
/** The first moment of year 1, which Go's clients send where no time is meant. */
const goZeroTime = -62_135_596_800n * secondNano;

/** The fields of one message. */
export class Message {
  readonly #fields = new Map<number, (Uint8Array | bigint)[]>();

  constructor(bytes: Uint8Array) {
    const reader = new WireReader();
    reader.reset(bytes);
    while (reader.pos < bytes.length) {
      const tag = reader.tag(bytes.length, what);
      const values = this.#fields.get(tag >>> 3) ?? [];
      values.push(valueOf(reader, tag, bytes.length));
      this.#fields.set(tag >>> 3, values);
    }
  }

  /** The text of a field, empty when it is not there. */
  text(field: number): string {
    return decoder.decode(this.bytes(field));
  }

  /** The last value of a length-delimited field, as protobuf has it for fields that come twice. */
  bytes(field: number): Uint8Array {
    const value = this.#fields.get(field)?.at(-1);
    return value instanceof Uint8Array ? value : new Uint8Array(0);
  }

  message(field: number): Message {
    return new Message(this.bytes(field));
  }

  /** Every message of a repeated field. */
  all(field: number): Message[] {
    return this.#blocks(field).map((bytes) => new Message(bytes));
  }

  /** Every text of a repeated field. */
  texts(field: number): string[] {
    return this.#blocks(field).map((bytes) => decoder.decode(bytes));
  }

  has(field: number): boolean {
    return this.#fields.has(field);
  }

  /** A varint as the signed number it stands for, 0 when it is not there. */
  int(field: number): bigint {
    const value = this.#fields.get(field)?.at(-1);
    return typeof value === "bigint" ? BigInt.asIntN(64, value) : 0n;
  }

  /**
   * Nanoseconds of a google.protobuf.Timestamp or Duration, the nearest that the store can hold; undefined
   * when it is not there.
   */
  nano(field: number): bigint | undefined {
    if (!this.has(field)) return undefined;
    const time = this.message(field);
    const nano = time.int(1) * secondNano + time.int(2);
    return nano === goZeroTime ? undefined : keptNano(nano);
  }

  /** A map<string, string>. */
  entries(field: number): [string, string][] {
    return this.all(field).map((entry) => [entry.text(1), entry.text(2)]);
  }

  #blocks(field: number): Uint8Array[] {
    const values = this.#fields.get(field) ?? [];
    return values.filter((value) => value instanceof Uint8Array);
  }
}

function valueOf(reader: WireReader, tag: number, end: number): Uint8Array | bigint {
  switch (tag & 7) {
    case 0:
      reader.varint(end, what);
      return (BigInt(reader.high) << 32n) | BigInt(reader.low);
    case 1:
      reader.fixed64(end, what);
      return (BigInt(reader.high) << 32n) | BigInt(reader.low);
    case 2: {
      const stop = reader.block(end, what);
      const bytes = reader.bytes.slice(reader.pos, stop);
      reader.pos = stop;
      return bytes;
    }
    case 5:
      return BigInt(reader.fixed32(end, what));
    default:
      return reader.fail(`wire type ${tag & 7} is not supported`, what);
  }
}
