// One segment of the write-ahead log. Records are appended by group commit: everything that waits is
// written with one call and made durable with one fdatasync, then all its senders are answered.

import { type FileHandle, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ClewError } from "@clew/base";
import { type ParsedRecord, parseRecord } from "./wal-record.ts";

export const WAL_MAGIC: Buffer = Buffer.from("CLEWWAL1");

/** An open segment file; `bytes` of it are durable. */
export class WalFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #durableBytes: number;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
    this.#durableBytes = WAL_MAGIC.length;
  }

  /** Creates the file; its name is durable when this resolves. */
  static async create(path: string): Promise<WalFile> {
    const handle = await open(path, "wx");
    try {
      await handle.writev([WAL_MAGIC]);
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
      await writeAll(this.#handle, buffers, this.#durableBytes, size);
      await this.#handle.datasync();
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
async function syncDirectory(path: string): Promise<void> {
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
  /** Bytes of records whose checksum is wrong though whole records follow: damage, not a torn end. */
  readonly damagedBytes: number;
  /** Bytes after the last whole record: a write that the crash cut off. It was never acknowledged. */
  readonly tornBytes: number;
  /** Size of the file. */
  readonly bytes: number;
}

/** Reads a segment file. Throws ClewError `malformed_payload` when it is no segment file at all. */
export async function readWal(path: string): Promise<WalContents> {
  const file = await readFile(path);
  if (file.length < WAL_MAGIC.length)
    return { records: [], damagedBytes: 0, tornBytes: file.length, bytes: file.length };
  if (!file.subarray(0, WAL_MAGIC.length).equals(WAL_MAGIC)) {
    throw new ClewError("malformed_payload", `${path} is not a segment of the write-ahead log`);
  }
  const records: ParsedRecord[] = [];
  let damagedBytes = 0;
  let offset = WAL_MAGIC.length;
  while (offset < file.length) {
    const record = parseRecord(file, offset);
    if (record !== undefined) {
      records.push(record);
      offset = record.next;
      continue;
    }
    const next = nextWholeRecord(file, offset);
    if (next === undefined) break;
    damagedBytes += next - offset;
    offset = next;
  }
  return { records, damagedBytes, tornBytes: file.length - offset, bytes: file.length };
}

/** Where a whole record starts after the damaged one at `offset`, if its length can be believed. */
function nextWholeRecord(file: Buffer, offset: number): number | undefined {
  if (offset + 4 > file.length) return undefined;
  const next = offset + 4 + file.readUInt32LE(offset);
  return next < file.length && parseRecord(file, next) !== undefined ? next : undefined;
}
