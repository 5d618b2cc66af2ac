// Which requests were accepted of late, on the disk: a sender may repeat a request after any number of
// crashes of ours, when its log is long replayed and gone. The folder:
//
//   mark            8 random bytes, the mark of all records of this spool: fingerprints are made under it
//   <ms>.prints     a chunk for each sealed segment, in order; a new file every five minutes, the last two stay
//
// A chunk (numbers little-endian): u32 bytes after the check | u32 check (CRC-32 of them) | u32 seconds since
// 1970 | u8 length of the segment's id | id | 16 bytes a request. Reading ends at the first chunk that is not whole.
// A chunk is written when its segment is sealed and synced before its log is removed. What cannot be written
// is not remembered beyond this process: that loses no span, so it stops nothing.

import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { ROTATE_MS, ROTATE_REQUESTS } from "./recent-requests.ts";
import { syncDirectory } from "./wal-file.ts";
import { FINGERPRINT_BYTES, type Fingerprint, MARK_BYTES } from "./wal-record.ts";

const MARK_FILE = "mark";
const SUFFIX = ".prints";
const FILE = /^\d{15}\.prints$/;
const CHUNK_HEAD_BYTES = 8;
const CHUNK_ID_AT = 13;

type OnTrouble = (message: string, error: unknown) => void;

interface Chunk {
  readonly seconds: number;
  readonly segment: string;
  readonly prints: Buffer;
  /** Offset of the next chunk. */
  readonly next: number;
}

/** The newest file. */
interface Newest {
  readonly startedMs: number;
  bytes: number;
  requests: number;
}

/** The fingerprints of the last five to ten minutes, at most half a million, of all processes. */
export class RequestMemory {
  /** Of this spool's records; the same after a restart. */
  readonly mark: Buffer;
  readonly #directory: string;
  readonly #onTrouble: OnTrouble;
  readonly #segments = new Set<string>();
  #former: Fingerprint[] = [];
  #newest: Newest | undefined;
  /** Of the newest file, once this process has written to it. */
  #handle: FileHandle | undefined;
  #isSynced = true;
  #isFailing = false;
  #tail: Promise<void> = Promise.resolve();

  private constructor(directory: string, mark: Buffer, onTrouble: OnTrouble) {
    this.#directory = directory;
    this.mark = mark;
    this.#onTrouble = onTrouble;
  }

  /** Opens (and makes) the folder and reads what former processes left. Trouble with it is told and goes by. */
  static async open(directory: string, onTrouble: OnTrouble): Promise<RequestMemory> {
    const mark = await openMark(directory).catch((error: unknown) => {
      onTrouble("repeats of requests will not be known after a restart", error);
      return randomBytes(MARK_BYTES);
    });
    const memory = new RequestMemory(directory, mark, onTrouble);
    await memory.#try(() => memory.#readFormer(Date.now()));
    return memory;
  }

  /** What former processes accepted, oldest first; empty when asked again. */
  takeFormer(): readonly Fingerprint[] {
    const former = this.#former;
    this.#former = [];
    return former;
  }

  /** True when a former process noted the requests of this segment. */
  knows(segment: string): boolean {
    return this.#segments.has(segment);
  }

  /** Notes the requests of a segment; a crash of the process cannot undo it, one of the machine may. */
  remember(segment: string, prints: readonly Fingerprint[]): Promise<void> {
    if (prints.length === 0) return Promise.resolve();
    return this.#try(() => this.#append(segment, prints, Date.now()));
  }

  /** Makes durable what was noted. */
  sync(): Promise<void> {
    return this.#try(async () => {
      if (this.#isSynced) return;
      await this.#handle?.datasync();
      this.#isSynced = true;
    });
  }

  /** Closes the file; what is noted later opens it again. */
  close(): Promise<void> {
    return this.#try(async () => {
      const handle = this.#handle;
      this.#handle = undefined;
      await handle?.datasync();
      await handle?.close();
    });
  }

  /** Does `work` after all that was asked before; tells of trouble once, until requests are noted again. */
  #try(work: () => Promise<void>): Promise<void> {
    this.#tail = this.#tail.then(work).catch((error: unknown) => {
      if (!this.#isFailing) this.#onTrouble("accepted requests could not be noted", error);
      this.#isFailing = true;
    });
    return this.#tail;
  }

  async #append(segment: string, prints: readonly Fingerprint[], nowMs: number): Promise<void> {
    const file = this.#newest;
    const isFull =
      file === undefined || nowMs - file.startedMs > ROTATE_MS || file.requests >= ROTATE_REQUESTS;
    const newest = isFull ? await this.#rotate(nowMs) : file;
    this.#handle ??= await this.#reopen(newest);
    const chunk = chunkOf(segment, prints, nowMs);
    this.#isSynced = false;
    const { bytesWritten } = await this.#handle.write(chunk, 0, chunk.length, newest.bytes);
    if (bytesWritten < chunk.length) throw new Error("no space left on device");
    newest.bytes += chunk.length;
    newest.requests += prints.length;
    this.#isFailing = false;
  }

  /** Opens a file that a former process left, without the chunk that a crash cut off. */
  async #reopen({ startedMs, bytes }: Newest): Promise<FileHandle> {
    const handle = await open(this.#pathOf(startedMs), "r+");
    await handle.truncate(bytes);
    return handle;
  }

  async #rotate(nowMs: number): Promise<Newest> {
    const startedMs = Math.max(nowMs, (this.#newest?.startedMs ?? 0) + 1);
    const handle = await open(this.#pathOf(startedMs), "wx", 0o600);
    const former = this.#handle;
    this.#handle = handle;
    this.#newest = { startedMs, bytes: 0, requests: 0 };
    await former?.datasync();
    await former?.close();
    await syncDirectory(this.#directory);
    for (const old of (await this.#files()).slice(0, -2)) await rm(join(this.#directory, old));
    return this.#newest;
  }

  #pathOf(startedMs: number): string {
    return join(this.#directory, String(startedMs).padStart(15, "0") + SUFFIX);
  }

  /** Names of the files, oldest first. */
  async #files(): Promise<string[]> {
    const names = await readdir(this.#directory);
    return names.filter((name) => FILE.test(name)).sort();
  }

  async #readFormer(nowMs: number): Promise<void> {
    const sinceSeconds = (nowMs - 2 * ROTATE_MS) / 1000;
    for (const name of await this.#files()) {
      const file = await readFile(join(this.#directory, name));
      let bytes = 0;
      let requests = 0;
      for (let chunk = parseChunk(file, 0); chunk !== undefined; chunk = parseChunk(file, bytes)) {
        bytes = chunk.next;
        requests += chunk.prints.length / FINGERPRINT_BYTES;
        this.#segments.add(chunk.segment);
        if (chunk.seconds >= sinceSeconds) this.#keep(chunk.prints);
      }
      this.#newest = { startedMs: Number.parseInt(name, 10), bytes, requests };
    }
  }

  #keep(prints: Buffer): void {
    for (let at = 0; at < prints.length; at += FINGERPRINT_BYTES)
      this.#former.push(prints.toString("latin1", at, at + FINGERPRINT_BYTES));
  }
}

/** The mark that an earlier process made, or a new one. */
async function openMark(directory: string): Promise<Buffer> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, MARK_FILE);
  const found = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found?.length === MARK_BYTES) return found;
  const mark = randomBytes(MARK_BYTES);
  const handle = await open(`${path}.new`, "w", 0o600);
  try {
    await handle.writeFile(mark);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
  await syncDirectory(directory);
  return mark;
}

function chunkOf(segment: string, prints: readonly Fingerprint[], nowMs: number): Buffer {
  const id = Buffer.from(segment);
  const chunk = Buffer.concat([
    Buffer.alloc(CHUNK_ID_AT),
    id,
    Buffer.from(prints.join(""), "latin1"),
  ]);
  chunk.writeUInt32LE(chunk.length - CHUNK_HEAD_BYTES, 0);
  chunk.writeUInt32LE(Math.floor(nowMs / 1000), CHUNK_HEAD_BYTES);
  chunk.writeUInt8(id.length, CHUNK_ID_AT - 1);
  chunk.writeUInt32LE(crc32(chunk.subarray(CHUNK_HEAD_BYTES)), 4);
  return chunk;
}

/** The chunk at `offset`, or undefined when there is no whole one. */
function parseChunk(file: Buffer, offset: number): Chunk | undefined {
  const idAt = offset + CHUNK_ID_AT;
  if (idAt > file.length) return undefined;
  const next = offset + CHUNK_HEAD_BYTES + file.readUInt32LE(offset);
  const printsAt = idAt + file.readUInt8(idAt - 1);
  if (next > file.length || printsAt > next) return undefined;
  const content = file.subarray(offset + CHUNK_HEAD_BYTES, next);
  if (crc32(content) !== file.readUInt32LE(offset + 4)) return undefined;
  if ((next - printsAt) % FINGERPRINT_BYTES !== 0) return undefined;
  return {
    seconds: file.readUInt32LE(offset + CHUNK_HEAD_BYTES),
    segment: file.toString("utf8", idAt, printsAt),
    prints: file.subarray(printsAt, next),
    next,
  };
}
