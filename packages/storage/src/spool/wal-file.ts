// One segment of the write-ahead log. Records are appended by group commit: everything that waits is
// written and made durable with one call, then all its senders are answered.

import { constants } from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ClewError } from "@clew/base";
import {
  MARK_AT,
  MARK_BYTES,
  type ParsedRecord,
  parseRecord,
  RECORD_HEAD_BYTES,
  recordEnd,
} from "./wal-record.ts";

const MAGIC = Buffer.from("CLEWWAL1");
/** A file starts with the magic and the mark of its records. */
const HEAD_BYTES = MAGIC.length + MARK_BYTES;

/**
 * On Linux a write to a file that was opened so is as good as a write and an fdatasync, for one trip to the thread
 * pool instead of two. Elsewhere the flag is missing or, as on macOS, promises less than fdatasync.
 */
const DATA_SYNC = process.platform === "linux" ? constants.O_DSYNC : undefined;
const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY;
/** Up to this size copying buffers into one costs less than handing many to the system. */
const COPY_BYTES = 128 * 1024;

/** An open segment file; `bytes` of it are durable. */
export class WalFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #durableBytes: number;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
    this.#durableBytes = HEAD_BYTES;
  }

  /** Creates the file, for records with `mark`; its name is durable when this resolves. */
  static async create(path: string, mark: Buffer): Promise<WalFile> {
    const handle = await open(path, NEW_FILE | (DATA_SYNC ?? 0));
    try {
      await writeAll(handle, [MAGIC, mark], 0, HEAD_BYTES);
      await syncDirectory(dirname(path));
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new WalFile(path, handle);
  }

  get bytes(): number {
    return this.#durableBytes;
  }

  /**
   * Appends and makes durable. On failure the file is cut back to its last durable byte, so that a
   * request whose sender was told to retry is not found in it later. Throws ClewError `unavailable`.
   */
  async append(buffers: readonly Uint8Array[]): Promise<void> {
    let size = 0;
    for (const buffer of buffers) size += buffer.length;
    try {
      const isSmall = size <= COPY_BYTES && buffers.length > 2;
      const written = isSmall ? [Buffer.concat(buffers, size)] : buffers;
      await writeAll(this.#handle, written, this.#durableBytes, size);
      if (DATA_SYNC === undefined) await this.#handle.datasync();
      this.#durableBytes += size;
    } catch (error) {
      await this.#handle.truncate(this.#durableBytes).catch(() => undefined);
      throw new ClewError("unavailable", `cannot write to the spool: ${(error as Error).message}`, {
        cause: error,
        hint: "check free space and permissions of the data folder",
        retryAfterMs: 5000,
      });
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAll(
  handle: FileHandle,
  buffers: readonly Uint8Array[],
  position: number,
  size: number,
): Promise<void> {
  const { bytesWritten } = await handle.writev(buffers as Uint8Array[], position);
  if (bytesWritten === size) return;
  // A short write (a disk that is almost full): finish it, or learn why not.
  const rest = Buffer.concat(buffers).subarray(bytesWritten);
  let written = 0;
  while (written < rest.length) {
    const step = await handle.write(
      rest,
      written,
      rest.length - written,
      position + bytesWritten + written,
    );
    if (step.bytesWritten === 0) throw new Error("no space left on device");
    written += step.bytesWritten;
  }
}

/** The records of a segment file and what of it could not be read. */
export interface WalContents {
  readonly records: readonly ParsedRecord[];
  /** Bytes of records that were once whole and are not any more. */
  readonly damagedBytes: number;
  /** Bytes after the last whole record: a write that the crash cut off. It was never acknowledged. */
  readonly tornBytes: number;
  /** Size of the file. */
  readonly bytes: number;
}

/** Reads a segment file. Throws ClewError `malformed_payload` when it is no segment file at all. */
export async function readWal(path: string): Promise<WalContents> {
  const file = await readFile(path);
  const bytes = file.length;
  if (!file.subarray(0, MAGIC.length).equals(MAGIC.subarray(0, bytes))) {
    throw new ClewError("malformed_payload", `${path} is not a segment of the write-ahead log`);
  }
  if (bytes < HEAD_BYTES) return { records: [], damagedBytes: 0, tornBytes: bytes, bytes };
  const mark = file.subarray(MAGIC.length, HEAD_BYTES);
  const records: ParsedRecord[] = [];
  let damagedBytes = 0;
  let offset = HEAD_BYTES;
  while (offset < bytes) {
    const record = parseRecord(file, offset);
    if (record !== undefined) {
      records.push(record);
      offset = record.next;
      continue;
    }
    const next = nextRecord(file, offset, mark);
    if (next === undefined) break;
    damagedBytes += next - offset;
    offset = next;
  }
  const rest = bytes - offset;
  if (rest === 0 || isTorn(file, offset)) return { records, damagedBytes, tornBytes: rest, bytes };
  return { records, damagedBytes: damagedBytes + rest, tornBytes: 0, bytes };
}

/** Where the next record starts after the damaged one at `offset`. */
function nextRecord(file: Buffer, offset: number, mark: Buffer): number | undefined {
  const found = file.indexOf(mark, offset + MARK_AT + mark.length);
  return found < 0 ? undefined : found - MARK_AT;
}

/** True when what is left of the file is the start of a record, or room that was never written. */
function isTorn(file: Buffer, offset: number): boolean {
  if (file.length - offset < RECORD_HEAD_BYTES) return true;
  const end = recordEnd(file, offset);
  return end === undefined ? file.subarray(offset).every((byte) => byte === 0) : end > file.length;
}
