// Spans on the disk: files of records, each `length u32 | spans u32 | OTLP request`, little-endian. A file
// belongs to the process whose id and start are in its name; those of processes that are gone are sent by
// whoever starts next. Nothing here throws: a disk that cannot be written is a spill that takes nothing.

import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import type { ExportSettings } from "../config/settings.ts";

const HEADER = 8;
const LARGEST_RECORD = 64 * 1024 * 1024;
/** A file that its owner has not touched for so long is taken over even when some process has its id. */
const ABANDONED_MS = 600_000;
/** Starts this close, milliseconds, are of one process. */
const SAME_START_MS = 5000;
const FILE = /^(\d+)-(\d+)-(\d+)-(\d+)\.(\d+)\.otlp$/;

/** A record that is being sent. */
export interface SpilledRecord {
  readonly body: Buffer;
  readonly spans: number;
}

interface Reading {
  readonly path: string;
  bytes: Buffer;
  at: number;
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function defaultFolder(): string {
  let user = "user";
  try {
    user = String(userInfo().uid);
  } catch {
    // No entry for this user id, as in many containers.
  }
  return join(tmpdir(), `clew-sdk-${user}`);
}

/** The disk's share of a delivery. */
export class Spill {
  readonly #folder: string;
  readonly #most: number;
  readonly #ageMs: number;
  /** Start of the process in epoch milliseconds; threads of one process agree to a few. */
  readonly #start: number = Math.floor(Date.now() - process.uptime() * 1000);
  #file: number | undefined;
  #path = "";
  #sequence = 0;
  #bytes = 0;
  #reading: Reading | undefined;
  #journal: string | undefined;
  #mayHaveFiles = true;

  /** Records for the same backend lie in the same folder. */
  constructor(settings: ExportSettings, folder: string) {
    const target = JSON.stringify([settings.url, settings.headers]);
    const name = createHash("sha256").update(target).digest("hex").slice(0, 16);
    this.#folder = join(folder === "auto" ? defaultFolder() : folder, name);
    this.#most = settings.spillBytes;
    this.#ageMs = settings.spillMs;
    this.#bytes = this.#names().reduce((sum, each) => sum + sizeOf(join(this.#folder, each)), 0);
  }

  /** Appends a record, synchronously; false when it does not fit or the disk says no. */
  write(body: Buffer, spans: number): boolean {
    if (this.#bytes + body.length + HEADER > this.#most) return false;
    // Where process ids say nothing, as between containers that share a folder, another may have taken it.
    if (this.#file !== undefined && !fs.existsSync(this.#path)) this.newFile();
    let whole = 0;
    try {
      this.#file ??= this.#open();
      whole = fs.fstatSync(this.#file).size;
      const record = recordOf(body, spans);
      let written = 0;
      while (written < record.length) {
        written += fs.writeSync(this.#file, record, written, record.length - written);
      }
      this.#bytes += record.length;
      this.#mayHaveFiles = true;
      return true;
    } catch {
      this.#cutTo(whole);
      return false;
    }
  }

  /** Takes half a record back, as a full disk leaves it: nothing behind it could be read. */
  #cutTo(bytes: number): void {
    try {
      if (this.#file !== undefined) fs.ftruncateSync(this.#file, bytes);
    } catch {
      this.newFile();
    }
  }

  /** What is written from now on lies in a file of its own. */
  newFile(): void {
    try {
      if (this.#file !== undefined) fs.closeSync(this.#file);
    } catch {
      // It is as good as closed.
    }
    this.#file = undefined;
    this.#path = "";
  }

  /** Removes the file that was written last: all of it has arrived. */
  forgetFile(): void {
    const path = this.#path;
    this.newFile();
    if (path !== "") this.#discard(path, sizeOf(path));
  }

  /** A new path in our name, in a folder that is surely ours. */
  #newPath(writtenMs: number): string {
    fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const owner = process.getuid?.();
    if (owner !== undefined && fs.statSync(this.#folder).uid !== owner) {
      throw new Error("the folder is somebody else's");
    }
    const id = `${threadId}.${this.#sequence++}`;
    return join(this.#folder, `${writtenMs}-${process.pid}-${this.#start}-${id}.otlp`);
  }

  #open(): number {
    this.#path = this.#newPath(Date.now());
    return fs.openSync(this.#path, "ax", 0o600);
  }

  /**
   * Replaces what a next start is told if this process ends without a word; `undefined` takes it back. One
   * record, written beside the old one and put in its place.
   */
  keep(body: Buffer | undefined, spans: number): void {
    try {
      if (body === undefined) {
        if (this.#journal !== undefined) fs.unlinkSync(this.#journal);
        this.#journal = undefined;
        return;
      }
      if (body.length + HEADER > this.#most) return;
      this.#journal ??= this.#newPath(Date.now());
      const file = `${this.#journal}.new`;
      fs.writeFileSync(file, recordOf(body, spans), { mode: 0o600 });
      fs.renameSync(file, this.#journal);
    } catch {
      this.#journal = undefined; // the disk says no, or somebody has cleaned up
    }
  }

  /** The oldest record that is not being sent yet; stays on the disk until `sent`. */
  next(): SpilledRecord | undefined {
    while (this.#mayHaveFiles) {
      this.#reading ??= this.#claim();
      if (this.#reading === undefined) {
        this.#mayHaveFiles = false;
        return undefined;
      }
      const record = recordAt(this.#reading);
      if (record !== undefined) return record;
      this.tidy();
    }
    return undefined;
  }

  /** The record that `next` gave has arrived, or is beyond help. */
  sent(record: SpilledRecord): void {
    if (this.#reading !== undefined) this.#reading.at += HEADER + record.body.length;
  }

  /** Removes the file that is being read when all of it has arrived. */
  tidy(): void {
    if (this.#reading === undefined || recordAt(this.#reading) !== undefined) return;
    if (sizeOf(this.#reading.path) > this.#reading.bytes.length) {
      this.#readAgain(this.#reading); // its owner lives and has written more
      if (recordAt(this.#reading) !== undefined) return;
    }
    this.#discard(this.#reading.path, this.#reading.bytes.length);
    this.#reading = undefined;
  }

  #readAgain(reading: Reading): void {
    try {
      reading.bytes = fs.readFileSync(reading.path);
    } catch {
      // Somebody has cleaned up.
    }
  }

  #names(): string[] {
    try {
      return fs
        .readdirSync(this.#folder)
        .filter((name) => FILE.test(name))
        .sort();
    } catch {
      return [];
    }
  }

  #discard(path: string, bytes: number): void {
    try {
      fs.unlinkSync(path);
    } catch {
      // Somebody else has taken it.
    }
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }

  #claim(): Reading | undefined {
    for (const name of this.#names()) {
      const path = join(this.#folder, name);
      const match = FILE.exec(name);
      const writtenMs = Number(match?.[1]);
      if (Date.now() - writtenMs >= this.#ageMs) {
        this.#discard(path, sizeOf(path));
      } else if (match !== null && this.#mayTake(path, match)) {
        const reading = this.#take(path, writtenMs);
        if (reading !== undefined) return reading;
      }
    }
    return undefined;
  }

  #mayTake(path: string, name: RegExpExecArray): boolean {
    const [pid, start, thread] = [Number(name[2]), Number(name[3]), Number(name[4])];
    const other = Math.abs(start - this.#start) > SAME_START_MS;
    if (pid === process.pid && other) return true; // number 1 of a container, before
    if (pid === process.pid && thread === threadId) return path !== this.#journal;
    const lives = pid === process.pid || processLives(pid);
    return !lives || Date.now() - modifiedMs(path) > ABANDONED_MS;
  }

  /** Renames the file into our name, so that no two processes send it. */
  #take(path: string, writtenMs: number): Reading | undefined {
    try {
      if (path === this.#path && this.#file !== undefined) {
        fs.closeSync(this.#file);
        this.#file = undefined;
      }
      const own = this.#newPath(writtenMs);
      fs.renameSync(path, own);
      return { path: own, bytes: fs.readFileSync(own), at: 0 };
    } catch {
      return undefined;
    }
  }
}

function recordOf(body: Buffer, spans: number): Buffer {
  const record = Buffer.allocUnsafe(HEADER + body.length);
  record.writeUInt32LE(body.length, 0);
  record.writeUInt32LE(spans, 4);
  body.copy(record, HEADER);
  return record;
}

function recordAt({ bytes, at }: Reading): SpilledRecord | undefined {
  if (at + HEADER > bytes.length) return undefined;
  const length = bytes.readUInt32LE(at);
  const end = at + HEADER + length;
  if (length === 0 || length > LARGEST_RECORD || end > bytes.length) return undefined; // torn end
  return { body: bytes.subarray(at + HEADER, end), spans: bytes.readUInt32LE(at + 4) };
}

function sizeOf(path: string): number {
  try {
    return fs.statSync(path).size;
  } catch {
    return 0;
  }
}

function modifiedMs(path: string): number {
  try {
    return fs.statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
