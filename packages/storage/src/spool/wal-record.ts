// A record of the write-ahead log: one export request as it was received (decompressed).
//
//   u32 length of what follows the length | 8 bytes mark | 16 bytes checksum
//   | u8 signal | u8 encoding | u8 tenant length | u8 check | u32 received, seconds since 1970
//   | tenant (UTF-8) | body
//
// Numbers are little-endian. The checksum is 16 bytes over tenant, signal, encoding and body: of a large
// body a GMAC (NIST SP 800-38D, AES-128) under a key made from the mark, which costs a fifth of a SHA-256; of a
// small one the first half of a SHA-256, which is quicker to set up. It guards against torn writes and, being a
// fingerprint of the request, lets one that a sender repeats after a lost answer be recognised
// (recent-requests.ts, request-memory.ts). The check covers the other numbers. The mark is random, the spool's
// own and never leaves it, so no sender can put into a body what looks like a record, or make two bodies with one
// checksum: it is how reading finds the next record after a damaged one.

import { createCipheriv, hash } from "node:crypto";

export type WalSignal = "traces" | "logs";
export type WalEncoding = "protobuf" | "json";

/** An export request with when it arrived. */
export interface WalRequest {
  readonly signal: WalSignal;
  readonly encoding: WalEncoding;
  /** At most 255 bytes of UTF-8. */
  readonly tenant: string;
  readonly receivedSeconds: number;
  readonly body: Uint8Array;
}

/** Bytes of a mark. */
export const MARK_BYTES = 8;
/** Bytes of a record before the tenant. */
export const RECORD_HEAD_BYTES = 36;
/** Where in a record its mark stands. */
export const MARK_AT = 4;
const CHECKSUM_AT = 12;
const CHECK_AT = 31;
const NUMBERS_AT = 28;

/** What identifies a request: 16 bytes over tenant, signal, encoding and body, as characters 0 to 255. */
export type Fingerprint = string;
export const FINGERPRINT_BYTES = 16;

/** Setting up a cipher costs as much as a SHA-256 of this many bytes. */
const LARGE_BYTES = 24 * 1024;
const NO_NONCE = Buffer.alloc(12);

/** The key under which the checksums of records with this mark are made. */
function macKey(mark: Buffer): Buffer {
  return hash("sha256", mark, "buffer").subarray(0, 16);
}

/** Makes records, and fingerprints that are comparable as long as their mark is the same. */
export class RecordSeal {
  /** Of `MARK_BYTES`. */
  readonly mark: Buffer;
  readonly #key: Buffer;

  constructor(mark: Buffer) {
    this.mark = mark;
    this.#key = macKey(mark);
  }

  /** The time of arrival is not part of it. */
  fingerprint(request: Omit<WalRequest, "receivedSeconds">): Fingerprint {
    return checksumOf(request, this.#key);
  }

  /** The bytes that precede the body of a record. */
  head(request: WalRequest, print: Fingerprint): Buffer {
    const tenant = Buffer.from(request.tenant);
    const head = Buffer.alloc(RECORD_HEAD_BYTES + tenant.length);
    head.writeUInt32LE(RECORD_HEAD_BYTES - 4 + tenant.length + request.body.length, 0);
    head.set(this.mark, MARK_AT);
    head.write(print, CHECKSUM_AT, FINGERPRINT_BYTES, "latin1");
    head.writeUInt8(request.signal === "traces" ? 1 : 2, NUMBERS_AT);
    head.writeUInt8(request.encoding === "protobuf" ? 1 : 2, NUMBERS_AT + 1);
    head.writeUInt8(tenant.length, NUMBERS_AT + 2);
    head.writeUInt32LE(request.receivedSeconds, NUMBERS_AT + 4);
    head.writeUInt8(checkOf(head, 0), CHECK_AT);
    head.set(tenant, RECORD_HEAD_BYTES);
    return head;
  }
}

function checksumOf(request: Omit<WalRequest, "receivedSeconds">, key: Buffer): Fingerprint {
  return request.body.length < LARGE_BYTES ? digestOf(request) : macOf(request, key);
}

function labelOf({ signal, encoding, tenant }: Omit<WalRequest, "receivedSeconds">): string {
  return `${signal} ${encoding} ${tenant} `;
}

function digestOf(request: Omit<WalRequest, "receivedSeconds">): Fingerprint {
  const label = labelOf(request);
  const bytes = Buffer.allocUnsafe(2 + 3 * label.length + request.body.length);
  const bodyAt = 2 + bytes.write(label, 2);
  bytes.writeUInt16LE(bodyAt, 0);
  bytes.set(request.body, bodyAt);
  const digest = hash("sha256", bytes.subarray(0, bodyAt + request.body.length), "binary");
  return digest.slice(0, FINGERPRINT_BYTES);
}

/** What builds before this one wrote: for all sizes at first, then for small bodies. */
function formerDigestOf(request: Omit<WalRequest, "receivedSeconds">): Fingerprint {
  const body = hash("sha256", request.body, "hex");
  return hash("sha256", labelOf(request) + body, "binary").slice(0, FINGERPRINT_BYTES);
}

function macOf(request: Omit<WalRequest, "receivedSeconds">, key: Buffer): Fingerprint {
  // A tag is seen by nobody outside the spool, so one nonce for all of them gives nothing away.
  const cipher = createCipheriv("aes-128-gcm", key, NO_NONCE);
  const label = Buffer.from(labelOf(request));
  cipher.setAAD(Buffer.from([label.length & 255, label.length >> 8]));
  cipher.setAAD(label);
  cipher.setAAD(request.body);
  cipher.final();
  return cipher.getAuthTag().toString("latin1");
}

/** One byte over the length and the numbers: any one changed byte changes it. */
function checkOf(file: Buffer, offset: number): number {
  let check = 0xa5;
  for (let i = 0; i < 4; i++) check ^= file[offset + i] as number;
  for (let i = NUMBERS_AT; i < RECORD_HEAD_BYTES; i++) {
    if (i !== CHECK_AT) check ^= file[offset + i] as number;
  }
  return check;
}

export interface ParsedRecord {
  readonly request: WalRequest;
  /** Offset of the next record. */
  readonly next: number;
}

/** The record at `offset`, or undefined when what is there is torn or damaged. */
export function parseRecord(file: Buffer, offset: number): ParsedRecord | undefined {
  const next = recordEnd(file, offset);
  if (next === undefined || next > file.length) return undefined;
  const numbers = offset + NUMBERS_AT;
  const bodyAt = offset + RECORD_HEAD_BYTES + file.readUInt8(numbers + 2);
  if (bodyAt > next) return undefined;
  const request: WalRequest = {
    signal: file.readUInt8(numbers) === 1 ? "traces" : "logs",
    encoding: file.readUInt8(numbers + 1) === 1 ? "protobuf" : "json",
    tenant: file.toString("utf8", offset + RECORD_HEAD_BYTES, bodyAt),
    receivedSeconds: file.readUInt32LE(numbers + 4),
    body: file.subarray(bodyAt, next),
  };
  const checksumAt = offset + CHECKSUM_AT;
  const stored = file.toString("latin1", checksumAt, checksumAt + FINGERPRINT_BYTES);
  const key = macKey(file.subarray(offset + MARK_AT, offset + CHECKSUM_AT));
  const isWhole = checksumOf(request, key) === stored || formerDigestOf(request) === stored;
  return isWhole ? { request, next } : undefined;
}

/** Where the record at `offset` says that it ends; undefined when its head is cut off or damaged. */
export function recordEnd(file: Buffer, offset: number): number | undefined {
  if (offset + RECORD_HEAD_BYTES > file.length) return undefined;
  if (checkOf(file, offset) !== file.readUInt8(offset + CHECK_AT)) return undefined;
  return offset + 4 + file.readUInt32LE(offset);
}
