// A record of the write-ahead log: one export request as it was received (decompressed).
//
//   u32 length of what follows | 16 bytes checksum | u8 signal | u8 encoding | u8 tenant length | u8 0
//   | u32 received, seconds since 1970 | tenant (UTF-8) | body
//
// Numbers are little-endian. The checksum is the first half of the SHA-256 of everything after it. It
// guards against torn writes and, being a fingerprint of tenant, signal and body, lets a request that a
// sender repeats after a lost answer be recognised (recent-requests.ts).

import { hash } from "node:crypto";

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

export const RECORD_PREFIX_BYTES = 20;
const CHECKSUM_BYTES = 16;
const HEAD_BYTES = 8;

/** What identifies a request: 32 hex digits over tenant, signal, encoding and body. */
export type Fingerprint = string;

/** The fingerprint of a request; the time of arrival is not part of it. */
export function fingerprint(request: Omit<WalRequest, "receivedSeconds">): Fingerprint {
  // Body and label are hashed apart, so that the body needs no copy.
  const body = hash("sha256", request.body, "hex");
  return hash(
    "sha256",
    `${request.signal} ${request.encoding} ${request.tenant} ${body}`,
    "hex",
  ).slice(0, 32);
}

/** The bytes that precede the body of a record. */
export function recordHead(request: WalRequest, print: Fingerprint): Buffer {
  const tenant = Buffer.from(request.tenant);
  const head = Buffer.alloc(RECORD_PREFIX_BYTES + HEAD_BYTES + tenant.length);
  head.writeUInt32LE(CHECKSUM_BYTES + HEAD_BYTES + tenant.length + request.body.length, 0);
  head.write(print, 4, "hex");
  head.writeUInt8(request.signal === "traces" ? 1 : 2, 20);
  head.writeUInt8(request.encoding === "protobuf" ? 1 : 2, 21);
  head.writeUInt8(tenant.length, 22);
  head.writeUInt32LE(request.receivedSeconds, 24);
  head.set(tenant, 28);
  return head;
}

export interface ParsedRecord {
  readonly request: WalRequest;
  readonly fingerprint: Fingerprint;
  /** Offset of the next record. */
  readonly next: number;
}

/** The record at `offset`, or undefined when what is there is torn or damaged. */
export function parseRecord(file: Buffer, offset: number): ParsedRecord | undefined {
  if (offset + RECORD_PREFIX_BYTES + HEAD_BYTES > file.length) return undefined;
  const length = file.readUInt32LE(offset);
  const next = offset + 4 + length;
  const tenantLength = file.readUInt8(offset + 22);
  const bodyAt = offset + RECORD_PREFIX_BYTES + HEAD_BYTES + tenantLength;
  if (next > file.length || bodyAt > next) return undefined;
  const request: WalRequest = {
    signal: file.readUInt8(offset + 20) === 1 ? "traces" : "logs",
    encoding: file.readUInt8(offset + 21) === 1 ? "protobuf" : "json",
    tenant: file.toString("utf8", bodyAt - tenantLength, bodyAt),
    receivedSeconds: file.readUInt32LE(offset + 24),
    body: file.subarray(bodyAt, next),
  };
  const stored = file.toString("hex", offset + 4, offset + 20);
  return fingerprint(request) === stored ? { request, fingerprint: stored, next } : undefined;
}
