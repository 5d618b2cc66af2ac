// Spans on the disk: a folder for each backend, with files of records that belong to the thread that wrote them
// (spill-name.ts). Those of processes that are gone are sent by whoever finds them. Nothing here throws: a
// disk that cannot be written is a spill that takes nothing.

import * as fs from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
// Not the global ones, which test runners and DOM shims replace by such as know no `unref`.
import { clearInterval, setInterval } from "node:timers";
import type { ExportSettings } from "../config/settings.ts";
import { backendKey } from "./backend-key.ts";
import { RecordFile, recordBytes, recordOf, type SpilledRecord } from "./record-file.ts";
import {
  isOwn,
  isSpillName,
  mayTake,
  newSpillName,
  TOUCH_MS,
  withoutOwner,
  writtenMsOf,
} from "./spill-name.ts";

/** Beside the name of a file that is put in another's place when it is whole. */
const UNFINISHED = ".new";

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
  #file: number | undefined;
  #path = "";
  #reading: RecordFile | undefined;
  #journal: string | undefined;
  #touches: NodeJS.Timeout | undefined;
  #mayHaveFiles = true;

  /** Records for the same backend lie in the same folder. */
  constructor(settings: ExportSettings, folder: string) {
    this.#folder = join(folder === "auto" ? defaultFolder() : folder, backendKey(settings));
    this.#most = settings.spillBytes;
    this.#ageMs = settings.spillMs;
  }

  /** Appends a record, synchronously; false when it does not fit or the disk says no. */
  write(body: Buffer, spans: number): boolean {
    if (!this.#fits(body)) return false;
    // One who took us for dead may have taken it.
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
      this.#mayHaveFiles = true;
      return true;
    } catch {
      this.#cutTo(whole);
      return false;
    }
  }

  /** The limit is the folder's, whoever fills it. */
  #fits(body: Buffer): boolean {
    let bytes = recordBytes(body.length);
    for (const name of this.#names()) bytes += sizeOf(join(this.#folder, name));
    return bytes <= this.#most;
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
    if (path !== "") discard(path);
  }

  /** The process ends: what it leaves is whoever's comes first. */
  release(): void {
    this.newFile();
    this.#reading?.close();
    this.#reading = undefined;
    for (const name of this.#names()) {
      if (isOwn(name)) move(join(this.#folder, name), join(this.#folder, withoutOwner(name)));
    }
  }

  /** Lets go of the process; what is on the disk stays there. */
  stop(): void {
    clearInterval(this.#touches);
    this.#touches = undefined;
  }

  /** A new path in our name, in a folder that is surely ours. */
  #newPath(writtenMs: number): string {
    fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const owner = process.getuid?.();
    if (owner !== undefined && fs.statSync(this.#folder).uid !== owner) {
      throw new Error("the folder is somebody else's");
    }
    this.#touches ??= setInterval(() => this.#touch(), TOUCH_MS).unref();
    return join(this.#folder, newSpillName(writtenMs));
  }

  /** A sign of life for those who cannot ask whether our process is there. */
  #touch(): void {
    const now = new Date();
    for (const path of [this.#path, this.#journal, this.#reading?.path]) {
      try {
        if (path !== undefined && path !== "") fs.utimesSync(path, now, now);
      } catch {
        // Somebody has cleaned up.
      }
    }
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
      if (!this.#fits(body)) return;
      this.#journal ??= this.#newPath(Date.now());
      const file = `${this.#journal}${UNFINISHED}`;
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
      const record = this.#reading.next();
      if (record !== undefined) return record;
      this.tidy();
    }
    return undefined;
  }

  /** The record that `next` gave has arrived, or is beyond help. */
  sent(): void {
    this.#reading?.sent();
  }

  /** Removes the file that is being read when all of it has arrived. */
  tidy(): void {
    if (this.#reading === undefined || this.#reading.next() !== undefined) return;
    this.#reading.close();
    discard(this.#reading.path);
    this.#reading = undefined;
  }

  /** Looks again for files of others. */
  lookAgain(): void {
    this.#mayHaveFiles = true;
  }

  #names(): string[] {
    try {
      return fs.readdirSync(this.#folder).sort();
    } catch {
      return [];
    }
  }

  #claim(): RecordFile | undefined {
    for (const given of this.#names()) {
      const name = given.endsWith(UNFINISHED) ? given.slice(0, -UNFINISHED.length) : given;
      const path = join(this.#folder, given);
      if (!isSpillName(name) || path === this.#journal) continue;
      const writtenMs = writtenMsOf(name);
      if (Date.now() - writtenMs >= this.#ageMs) discard(path);
      else if (name !== given) continue;
      else if (mayTake(name, path)) {
        const reading = this.#take(path, writtenMs);
        if (reading !== undefined) return reading;
      }
    }
    return undefined;
  }

  /** Renames the file into our name, so that no two processes send it. */
  #take(path: string, writtenMs: number): RecordFile | undefined {
    try {
      if (path === this.#path) this.newFile();
      const own = this.#newPath(writtenMs);
      fs.renameSync(path, own);
      return new RecordFile(own);
    } catch {
      return undefined;
    }
  }
}

function discard(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch {
    // Somebody else has taken it.
  }
}

function move(from: string, to: string): void {
  try {
    fs.renameSync(from, to);
  } catch {
    // As above.
  }
}

function sizeOf(path: string): number {
  try {
    return fs.statSync(path).size;
  } catch {
    return 0;
  }
}
