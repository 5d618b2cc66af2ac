import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Spool } from "./spool.ts";
import type { WalRequest } from "./wal-record.ts";

let root: string;
let folders = 0;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "clew-spool-"));
});

afterAll(() => rmSync(root, { recursive: true }));

function folder(): string {
  return join(root, String(++folders));
}

const REQUEST: WalRequest = {
  signal: "traces",
  encoding: "protobuf",
  tenant: "t",
  receivedSeconds: 1,
  body: Buffer.from("body"),
};

async function writeSegment(spool: Spool, id: string): Promise<void> {
  const wal = await spool.createWal(id);
  await wal.append([spool.seal.head(REQUEST, spool.seal.fingerprint(REQUEST)), REQUEST.body]);
  await wal.close();
}

const BLOCKS = [
  { table: "spans", source: "spans", bytes: new Uint8Array(10) },
  { table: "red_1m", source: "spans", bytes: new Uint8Array(5) },
] as const;

test("ids grow, also within one millisecond and when the clock goes back", async () => {
  const spool = await Spool.open(folder());
  const ids = [1000, 1000, 1000, 1001, 1001, 5, 5, 2_000_000, 7].map((ms) => spool.nextId(ms));
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test("a hundred thousand segments after the clock went back still sort by age", async () => {
  const spool = await Spool.open(folder());
  let last = spool.nextId(1_790_000_000_000);
  for (let i = 0; i < 150_000; i++) {
    const next = spool.nextId(3);
    if (next <= last) expect(next).toBe(`greater than ${last}`);
    last = next;
  }
});

test("a restarted process never gives an id again, though the clock shows the same millisecond", async () => {
  const path = folder();
  const ids = new Set<string>();
  for (let start = 0; start < 20; start++) {
    const spool = await Spool.open(path);
    await spool.leftovers();
    ids.add(spool.nextId(1000));
  }
  expect(ids.size).toBe(20);
});

test("new ids sort after the segments of a former process whose clock was ahead", async () => {
  const path = folder();
  const former = await Spool.open(path);
  const old = [former.nextId(9_000_000), former.nextId(9_000_000)];
  for (const id of old) await writeSegment(former, id);
  const spool = await Spool.open(path);
  expect(await spool.leftovers()).toEqual(old);
  const id = spool.nextId(1000);
  expect([...old, id].sort()).toEqual([...old, id]);
});

test("a token names segment, source and table, and fits what the engine accepts", async () => {
  const spool = await Spool.open(folder());
  const id = spool.nextId(1_790_000_000_000);
  const { files } = await spool.writeBlocks(id, 0, BLOCKS);
  expect(files.map((file) => file.token)).toEqual([`${id}:spans:spans`, `${id}:spans:red_1m`]);
  expect(files[0]?.token).toMatch(/^[A-Za-z0-9_.:-]{1,200}$/);
  expect(files.map((file) => readFileSync(file.path).length)).toEqual([10, 5]);
});

test("the spool counts logs and rows until the segment is finished", async () => {
  const spool = await Spool.open(folder());
  spool.account("a", 100);
  spool.account("b", 7);
  await spool.writeBlocks("a", 100, BLOCKS);
  expect(spool.usedBytes).toBe(122);
  await spool.finish("a");
  expect(spool.usedBytes).toBe(7);
  await spool.finish("a");
  spool.account("b", 0);
  expect(spool.usedBytes).toBe(0);
});

test("a finished segment leaves nothing behind", async () => {
  const spool = await Spool.open(folder());
  const id = spool.nextId(1);
  await writeSegment(spool, id);
  await spool.writeBlocks(id, 0, BLOCKS);
  await spool.finish(id);
  expect(readdirSync(spool.directory)).toEqual(["damaged", "requests"]);
});

test("what a former process left is found oldest first and counted, and its rows are dropped", async () => {
  const path = folder();
  const former = await Spool.open(path);
  const ids = [former.nextId(50), former.nextId(60), former.nextId(1_000)];
  for (const id of ids.toReversed()) await writeSegment(former, id);
  await former.writeBlocks(ids[1] as string, 0, BLOCKS);
  writeFileSync(join(path, "note.txt"), "someone's own file");
  const spool = await Spool.open(path);
  expect(await spool.leftovers()).toEqual(ids);
  expect(existsSync(join(path, ids[1] as string))).toBe(false);
  expect(spool.usedBytes).toBe(ids.length * readFileSync(spool.walPath(ids[0] as string)).length);
  expect(await spool.fingerprints(ids[0] as string)).toEqual([spool.seal.fingerprint(REQUEST)]);
});

test("a segment set aside keeps its log and the reason, and no longer counts", async () => {
  const spool = await Spool.open(folder());
  const id = spool.nextId(1);
  await writeSegment(spool, id);
  await spool.writeBlocks(id, 60, BLOCKS);
  const before = readFileSync(spool.walPath(id));
  const path = await spool.setAside(id, "the engine refused it");
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(readdirSync(join(spool.directory, "damaged")).sort()).toEqual([
    `${id}.reason.txt`,
    `${id}.wal`,
  ]);
  expect(readFileSync(join(spool.directory, "damaged", `${id}.reason.txt`), "utf8")).toBe(
    "the engine refused it\n",
  );
  expect(readdirSync(spool.directory)).toEqual(["damaged", "requests"]);
  expect(spool.usedBytes).toBe(0);
  expect(await (await Spool.open(spool.directory)).leftovers()).toEqual([]);
});

test("rows without a log are set aside as what they are: gone, with the reason kept", async () => {
  const spool = await Spool.open(folder());
  await spool.writeBlocks("rows-only", 0, BLOCKS);
  await spool.setAside("rows-only", "refused");
  expect(spool.usedBytes).toBe(0);
  expect(readdirSync(spool.directory)).toEqual(["damaged", "requests"]);
  expect(readdirSync(join(spool.directory, "damaged"))).toEqual(["rows-only.reason.txt"]);
});
