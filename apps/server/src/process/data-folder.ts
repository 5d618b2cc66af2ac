// The data folder belongs to one Clew process at a time: makes it, checks that it can be written, locks it.
//
// The lock is a file with the holder's pid. Whether the holder lives is asked of the system when both run in
// the same pid namespace of the same boot. A holder elsewhere (another container on the same volume) cannot be
// asked, so it shows that it lives by touching the file every two seconds.

import { randomUUID } from "node:crypto";
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ClewError } from "@clew/base";

const lockFile = "clew.lock";
const heartbeatMs = 2000;
/** A lock of an unreachable holder that is not touched for this long is stale. */
const usualSilenceMs = 3 * heartbeatMs;

/** How long a holder that seems to run may take to be gone, before the folder counts as taken. */
const dyingMs = 2000;

interface Holder {
  readonly pid: number;
  /** Start of the process in clock ticks since boot, as text; empty where the system does not say. */
  readonly started: string;
  /** Boot, host and pid namespace: within the same one a pid means the same process. */
  readonly place: string;
}

export interface DataFolderLock {
  /** Absolute path of the folder. */
  readonly path: string;
  /** Gives the folder free. */
  release(): void;
}

/** Makes the folder if need be and locks it. Raises `bad_config` when it cannot be used, `unavailable` when it is taken. `silenceMs`: how long a holder elsewhere may be silent. */
export async function lockDataFolder(
  folder: string,
  silenceMs: number = usualSilenceMs,
): Promise<DataFolderLock> {
  const path = resolve(folder);
  const file = join(path, lockFile);
  const mine = join(path, `${lockFile}.${randomUUID()}`);
  try {
    mkdirSync(path, { recursive: true });
    writeFileSync(mine, JSON.stringify(self()));
  } catch (cause) {
    throw folderError(path, cause);
  }
  try {
    while (!tryLink(mine, file)) await removeIfStale(path, file, silenceMs);
  } finally {
    rmSync(mine, { force: true });
  }
  const heartbeat = setInterval(() => touch(file), heartbeatMs).unref();
  return {
    path,
    release(): void {
      clearInterval(heartbeat);
      rmSync(file, { force: true });
    },
  };
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (cause) {
    if (errorCode(cause) === "EEXIST") return false;
    throw folderError(resolve(to, ".."), cause);
  }
}

async function removeIfStale(path: string, file: string, silenceMs: number): Promise<void> {
  const before = read(file);
  if (before === undefined) return;
  const holder = parse(before);
  if (holder !== undefined && (await isAlive(holder, file, silenceMs))) {
    throw new ClewError(
      "unavailable",
      `the data folder ${path} is in use by another Clew (process ${holder.pid})`,
      {
        hint: `stop that one, or set dataDir (CLEW_DATA_DIR) to another folder; if none is running, delete ${file}`,
      },
    );
  }
  // Two starters may see the same stale lock: the rename decides, and a lock that changed meanwhile goes back.
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (read(aside) !== before) tryLink(aside, file);
  rmSync(aside, { force: true });
}

async function isAlive(holder: Holder, file: string, silenceMs: number): Promise<boolean> {
  const { place } = self();
  if (holder.place === place) return await outlives(holder, dyingMs);
  const touched = modified(file);
  if (Date.now() - touched > silenceMs) return false;
  await delay(silenceMs);
  return modified(file) !== touched;
}

/** Whether a holder still runs after a while: one that was killed a moment ago takes time to go. */
async function outlives(holder: Holder, patienceMs: number): Promise<boolean> {
  const end = Date.now() + patienceMs;
  while (isRunning(holder.pid) && startOf(holder.pid) === holder.started) {
    if (Date.now() >= end) return true;
    await delay(50);
  }
  return false;
}

/** False for a process that has ended and only waits for its parent to notice. */
function isRunning(pid: number): boolean {
  if (hasEnded(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return errorCode(cause) === "EPERM";
  }
}

function self(): Holder {
  const boot = read("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
  return {
    pid: process.pid,
    started: startOf(process.pid),
    place: `${hostname()} ${boot} ${pidNamespace()}`,
  };
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/** Field 22 of /proc/pid/stat; the command name before it may hold spaces, so fields count from its bracket. */
function startOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`) ?? "";
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

/** A zombie without threads: its memory and its files are free. */
function hasEnded(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`) ?? "";
  const state = stat.charAt(stat.lastIndexOf(")") + 2);
  if (state !== "Z" && state !== "X") return false;
  try {
    return readdirSync(`/proc/${pid}/task`).length <= 1;
  } catch {
    return true;
  }
}

function parse(text: string): Holder | undefined {
  try {
    const { pid, started, place } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid !== "number" || typeof started !== "string" || typeof place !== "string")
      return undefined;
    return { pid, started, place };
  } catch {
    return undefined;
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function modified(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function touch(file: string): void {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // The folder went away under us; the store's own writes will say so with more to tell.
  }
}

function errorCode(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
}

const reasons: Readonly<Record<string, string>> = {
  EROFS: "its file system is read-only",
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOTDIR: "a part of the path is a file, not a folder",
  EEXIST: "it is a file, not a folder",
};

/** What is wrong with a data folder, in one line: `bad_config` with the setting to change. */
export function folderError(path: string, cause: unknown): ClewError {
  const reason =
    reasons[errorCode(cause)] ?? (cause instanceof Error ? cause.message : String(cause));
  return new ClewError("bad_config", `cannot use the data folder ${path}: ${reason}`, {
    cause,
    hint: "set dataDir (CLEW_DATA_DIR) to a folder that Clew may write to",
  });
}
