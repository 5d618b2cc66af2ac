import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { folderError, lockDataFolder } from "./data-folder.ts";

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clew-folder-"));
  lock = join(folder, "clew.lock");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a locked folder is refused, a released one is free, and nothing but the data is left", async () => {
  const first = await lockDataFolder(folder);
  await expect(lockDataFolder(folder)).rejects.toThrow(
    `in use by another Clew (process ${process.pid})`,
  );
  first.release();
  (await lockDataFolder(folder)).release();
  expect(readdirSync(folder)).toEqual([]);
});

test("a folder that is not there is made", async () => {
  const made = await lockDataFolder(join(folder, "a", "b"));
  expect(made.path).toBe(join(folder, "a", "b"));
  made.release();
});

test("a lock whose pid now belongs to another process is stale", async () => {
  const held = await lockDataFolder(folder);
  const record = JSON.parse(readFileSync(lock, "utf8")) as Record<string, unknown>;
  held.release();
  writeFileSync(lock, JSON.stringify({ ...record, started: "1" }));
  (await lockDataFolder(folder)).release();
});

test("a lock that a crash left half written is stale", async () => {
  writeFileSync(lock, '{"pid":');
  (await lockDataFolder(folder)).release();
});

test("a lock from another container that nobody has touched for long is stale", async () => {
  writeFileSync(lock, JSON.stringify({ pid: 1, started: "5", place: "elsewhere" }));
  const before = new Date(Date.now() - 60_000);
  utimesSync(lock, before, before);
  (await lockDataFolder(folder)).release();
});

test("a lock that a holder in another container keeps touching is respected", async () => {
  writeFileSync(lock, JSON.stringify({ pid: 7, started: "5", place: "elsewhere" }));
  let beats = 0;
  const holder = setInterval(() => utimesSync(lock, new Date(), Date.now() / 1000 + beats++), 20);
  try {
    await expect(lockDataFolder(folder, 500)).rejects.toThrow("another Clew (process 7)");
  } finally {
    clearInterval(holder);
  }
});

test("of many that find the same stale lock exactly one gets the folder", async () => {
  writeFileSync(lock, JSON.stringify({ pid: 2 ** 30, started: "", place: "" }));
  const before = new Date(0);
  utimesSync(lock, before, before);
  const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockDataFolder(folder)));
  const won = tries.filter((one) => one.status === "fulfilled");
  expect(won.length).toBe(1);
  won[0]?.value.release();
});

test.each([
  ["EROFS", "its file system is read-only"],
  ["EACCES", "this user may not write there"],
  ["ENOSPC", "the disk is full"],
])("%s is told in words, with the setting to change", (code, words) => {
  const error = folderError("/data", Object.assign(new Error(code), { code }));
  expect(error.message).toBe(`cannot use the data folder /data: ${words}`);
  expect(error.hint).toContain("CLEW_DATA_DIR");
});
