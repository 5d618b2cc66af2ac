// The spool folder: what has been acknowledged and is not yet in the engine.
//
//   <id>.wal              a segment of the write-ahead log; ids sort by age and are never used again
//   <id>/<source>.<table>.native   the segment's rows, ready to insert; made from the .wal at any time
//   <id>.rollups/         the same for the rollups of a group of segments, named after its first
//   damaged/              segments, or copies of them, that could not be read or inserted, with a reason
//   requests/             which requests were accepted of late, so that a repeat is known (request-memory.ts)

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TableName } from "../schema/tables.ts";
import type { TableBlock } from "../write/segment-encoder.ts";
import { RequestMemory } from "./request-memory.ts";
import { readWal, type WalContents, WalFile } from "./wal-file.ts";
import { type Fingerprint, RecordSeal } from "./wal-record.ts";

/** A file to insert into a table; the same token again is a no-op in the engine. */
export interface NativeFile {
  readonly table: TableName;
  /** Absolute path. */
  readonly path: string;
  readonly token: string;
}

/** Rows of a segment, or the rollups of a group of segments, ready to insert in order of `files`. */
export interface SealedSegment {
  readonly id: string;
  readonly files: readonly NativeFile[];
}

const WAL_SUFFIX = ".wal";
const ROLLUPS_SUFFIX = ".rollups";
const DAMAGED = "damaged";
const REQUESTS = "requests";

/** The group of a segment, by its id: the id of the group's first segment. */
export function groupOf(id: string): string {
  const [, process, first] = id.split("-");
  return first === undefined ? id : `${first}-${process}`;
}

/** Files of the spool folder and how many bytes they hold. */
export class Spool {
  readonly directory: string;
  readonly requests: RequestMemory;
  /** Of the records of this spool. */
  readonly seal: RecordSeal;
  readonly #sizes = new Map<string, number>();
  /** Of the segments whose rows are written, how many bytes the log alone has. */
  readonly #logSizes = new Map<string, number>();
  #usedBytes = 0;
  #lastMs = 0;
  // The engine ignores an insert under a token it has seen, and tokens are made of ids: the time alone
  // could be that of a former process's segment, after a restart within a millisecond or with a clock
  // that was set back.
  readonly #process = randomBytes(6).toString("hex");

  private constructor(directory: string, requests: RequestMemory) {
    this.directory = directory;
    this.requests = requests;
    this.seal = new RecordSeal(requests.mark);
  }

  /** Opens (and makes) the folder. `directory` must be absolute. */
  static async open(
    directory: string,
    onTrouble: (message: string, error: unknown) => void = () => undefined,
  ): Promise<Spool> {
    await mkdir(join(directory, DAMAGED), { recursive: true });
    return new Spool(directory, await RequestMemory.open(join(directory, REQUESTS), onTrouble));
  }

  /** Bytes of segments that wait, logs and rows together. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /**
   * An id greater than all that this spool gave before, and unlike any that a former process gave. It says
   * which group the segment belongs to: that of segment `first`, or one of its own.
   */
  nextId(nowMs: number, first?: string): string {
    this.#lastMs = Math.max(nowMs, this.#lastMs + 1);
    const id = `${String(this.#lastMs).padStart(15, "0")}-${this.#process}`;
    return first === undefined ? id : `${id}-${first.split("-", 1)[0]}`;
  }

  createWal(id: string): Promise<WalFile> {
    return WalFile.create(this.walPath(id), this.seal.mark);
  }

  walPath(id: string): string {
    return join(this.directory, id + WAL_SUFFIX);
  }

  /** Ids of the segments that a former process left, oldest first; their row files are removed. */
  async leftovers(): Promise<string[]> {
    const entries = await readdir(this.directory, { withFileTypes: true });
    const ids: string[] = [];
    for (const entry of entries) {
      if (entry.isDirectory() && entry.name !== DAMAGED && entry.name !== REQUESTS) {
        await rm(join(this.directory, entry.name), { recursive: true, force: true });
      }
      if (!entry.isFile() || !entry.name.endsWith(WAL_SUFFIX)) continue;
      const id = entry.name.slice(0, -WAL_SUFFIX.length);
      this.account(id, (await stat(join(this.directory, entry.name))).size);
      ids.push(id);
    }
    ids.sort();
    this.#lastMs = Math.max(this.#lastMs, Number.parseInt(ids.at(-1) ?? "0", 10) || 0);
    return ids;
  }

  /** The requests of a segment. Throws ClewError `malformed_payload` when the file is no log. */
  read(id: string): Promise<WalContents> {
    return readWal(this.walPath(id));
  }

  /** Fingerprints of the requests of a segment; none when it cannot be read. */
  async fingerprints(id: string): Promise<Fingerprint[]> {
    try {
      return (await this.read(id)).records.map(({ request }) => this.seal.fingerprint(request));
    } catch {
      return [];
    }
  }

  /** Bytes that segment `id` holds. */
  bytesOf(id: string): number {
    return this.#sizes.get(id) ?? 0;
  }

  /** Sets how many bytes segment `id` holds. */
  account(id: string, bytes: number): void {
    this.#usedBytes += bytes - (this.#sizes.get(id) ?? 0);
    if (bytes > 0) return void this.#sizes.set(id, bytes);
    this.#sizes.delete(id);
    this.#logSizes.delete(id);
  }

  /** Writes the rows of a segment next to its log. Throws what the file system throws. */
  async writeBlocks(
    id: string,
    walBytes: number,
    blocks: readonly TableBlock[],
  ): Promise<SealedSegment> {
    this.#logSizes.set(id, walBytes);
    return this.#write(id, id, walBytes, blocks);
  }

  /** Writes the rollups of a group. Throws what the file system throws. */
  writeRollups(groupId: string, blocks: readonly TableBlock[]): Promise<SealedSegment> {
    return this.#write(groupId + ROLLUPS_SUFFIX, groupId, 0, blocks);
  }

  async #write(
    name: string,
    id: string,
    walBytes: number,
    blocks: readonly TableBlock[],
  ): Promise<SealedSegment> {
    const folder = join(this.directory, name);
    await mkdir(folder, { recursive: true });
    let bytes = walBytes;
    const files: NativeFile[] = [];
    for (const block of blocks) {
      const path = join(folder, `${block.source}.${block.table}.native`);
      await writeFile(path, block.bytes);
      bytes += block.bytes.length;
      files.push({ table: block.table, path, token: `${id}:${block.source}:${block.table}` });
    }
    this.account(name, bytes);
    return { id: name, files };
  }

  /** Removes a group whose rollups, and whose segments' rows, are durable in the engine. */
  async finishGroup(groupId: string, segments: readonly string[]): Promise<void> {
    // A repeat is known by the log of the request or, when that is gone, by this memory.
    await this.requests.sync();
    for (const id of segments) await this.finish(id);
    await this.#dropBlocks(groupId + ROLLUPS_SUFFIX);
    this.account(groupId + ROLLUPS_SUFFIX, 0);
  }

  /** Removes a segment of which nothing is needed any more. */
  async finish(id: string): Promise<void> {
    await rm(this.walPath(id), { force: true });
    await this.#dropBlocks(id);
    this.account(id, 0);
  }

  /** Removes the row files of a segment whose rows are durable in the engine; its log stays. */
  async keepLog(id: string): Promise<void> {
    await this.#dropBlocks(id);
    this.account(id, this.#logSizes.get(id) ?? 0);
  }

  async #dropBlocks(id: string): Promise<void> {
    await rm(join(this.directory, id), { recursive: true, force: true });
  }

  /**
   * Moves a segment out of the way, with a file that says why. Returns where its log is now; rows that
   * never had a log are dropped.
   */
  async setAside(id: string, reason: string): Promise<string> {
    const path = join(this.directory, DAMAGED, id + WAL_SUFFIX);
    await rename(this.walPath(id), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    await writeFile(join(this.directory, DAMAGED, `${id}.reason.txt`), `${reason}\n`);
    await this.#dropBlocks(id);
    this.account(id, 0);
    return path;
  }

  /** Keeps a copy of a segment that is damaged in part, before its good part is used. */
  async copyAside(id: string, reason: string): Promise<string> {
    const path = join(this.directory, DAMAGED, id + WAL_SUFFIX);
    await copyFile(this.walPath(id), path, constants.COPYFILE_FICLONE);
    await writeFile(join(this.directory, DAMAGED, `${id}.reason.txt`), `${reason}\n`);
    return path;
  }
}
