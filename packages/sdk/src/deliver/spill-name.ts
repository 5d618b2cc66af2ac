// Names of files of spilled spans: who wrote them, and whether that process still lives, so that nobody sends what
// another is about to. Where process ids say nothing, as between containers that share a folder, the owner's
// sign of life is that it touches its files.

import { createHash } from "node:crypto";
import { readFileSync, readlinkSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { threadId } from "node:worker_threads";

/** How often an owner touches its files, milliseconds, and when one that did not is given up. */
export const TOUCH_MS = 10_000;
export const UNSEEN_MS = 60_000;
/** The same where some process has the owner's id: it may be busy, or another that was given the id. */
const ABANDONED_MS = 600_000;
/** Starts this close, milliseconds, are of one process. */
const SAME_START_MS = 5000;
const NAME = /^(\d+)-([0-9a-f]{12})-(\d+)-(\d+)-(\d+)\.(\d+)\.otlp$/;

/** Machine and pid namespace: within one, process ids mean something. */
const place: string = createHash("sha256").update(placeText()).digest("hex").slice(0, 12);
/** When this process began by the clock that nobody sets; threads agree to a few milliseconds. */
const start: number = Math.floor(Number(process.hrtime.bigint()) / 1e6 - process.uptime() * 1000);
let sequence = 0;

function placeText(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    return `${boot}|${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}

/** A name that nobody has had, for a file of this thread that was begun at `writtenMs` of the wall clock. */
export function newSpillName(writtenMs: number): string {
  return `${writtenMs}-${place}-${process.pid}-${start}-${threadId}.${sequence++}.otlp`;
}

/** The same file without an owner: anybody may send it at once. */
export function withoutOwner(name: string): string {
  // The process id stays in what nobody reads, lest two files get one name.
  return name.replace(NAME, "$1-$2-0-$4-$5.$6$3.otlp");
}

/** Whether a file is one of ours, of any process. */
export function isSpillName(name: string): boolean {
  return NAME.test(name);
}

/** When the file's first record was written, milliseconds of the wall clock. */
export function writtenMsOf(name: string): number {
  return Number(NAME.exec(name)?.[1]);
}

/** Whether this thread wrote the file, or has taken it over. */
export function isOwn(name: string): boolean {
  const match = NAME.exec(name);
  return match !== null && isOurProcess(match) && Number(match[5]) === threadId;
}

function isOurProcess(name: RegExpExecArray): boolean {
  const sameStart = Math.abs(Number(name[4]) - start) <= SAME_START_MS;
  return name[2] === place && Number(name[3]) === process.pid && sameStart;
}

/** Whether the owner of a file lets others have it: this thread's own, nobody's, and those of the dead. */
export function mayTake(name: string, path: string): boolean {
  const match = NAME.exec(name);
  if (match === null) return false;
  const pid = Number(match[3]);
  if (pid === 0 || isOwn(name)) return true;
  const untouchedMs = Date.now() - modifiedMs(path);
  if (match[2] !== place) return untouchedMs > UNSEEN_MS;
  if (isOurProcess(match)) return untouchedMs > ABANDONED_MS;
  // Number 1 of a container, before.
  if (pid === process.pid || !processLives(pid)) return true;
  return untouchedMs > ABANDONED_MS;
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function modifiedMs(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
