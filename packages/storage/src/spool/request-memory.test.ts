import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { RequestMemory } from "./request-memory.ts";
import type { Fingerprint } from "./wal-record.ts";

const START_MS = 1_790_000_000_000;

let root: string;
let folder: string;
let folders = 0;
const opened: RequestMemory[] = [];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "clew-requests-"));
});
beforeEach(() => {
  folder = join(root, String(++folders));
  vi.setSystemTime(START_MS);
});
afterEach(async () => {
  vi.useRealTimers();
  for (const memory of opened.splice(0)) await memory.close();
});
afterAll(() => rmSync(root, { recursive: true }));

async function open(): Promise<RequestMemory> {
  const memory = await RequestMemory.open(folder, (message, error) => {
    throw new Error(message, { cause: error });
  });
  opened.push(memory);
  return memory;
}

function prints(from: number, count = 1): Fingerprint[] {
  return Array.from({ length: count }, (_, i) => (from + i).toString().padStart(16, "\u00ff"));
}

function chunkFiles(): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".prints"));
}

test("what one process noted all later ones know, with the segments it came from", async () => {
  const first = await open();
  expect(first.takeFormer()).toEqual([]);
  await first.remember("a", prints(1, 3));
  const second = await open();
  await second.remember("b", prints(4, 2));
  await second.remember("none", []);
  const third = await open();
  expect(third.takeFormer()).toEqual(prints(1, 5));
  expect(third.takeFormer()).toEqual([]);
  expect(["a", "b", "none"].map((id) => third.knows(id))).toEqual([true, true, false]);
  expect(chunkFiles()).toHaveLength(1);
});

test("the mark outlives the process and is for the owner's eyes only", async () => {
  const { mark } = await open();
  expect(mark).toHaveLength(8);
  expect((await open()).mark).toEqual(mark);
  expect(statSync(join(folder, "mark")).mode & 0o777).toBe(0o600);
  folder = join(root, String(++folders));
  expect((await open()).mark).not.toEqual(mark);
});

test("a mark that was cut off is replaced", async () => {
  const { mark } = await open();
  writeFileSync(join(folder, "mark"), mark.subarray(0, 3));
  const next = await open();
  expect(next.mark).toHaveLength(8);
  expect((await open()).mark).toEqual(next.mark);
});

test("cut off anywhere, the chunks before the cut are known, and new ones follow them", async () => {
  const memory = await open();
  await memory.remember("a", prints(1, 2));
  await memory.remember("b", prints(3, 3));
  const path = join(folder, chunkFiles()[0] as string);
  const whole = readFileSync(path);
  const chunk = (id: string, count: number): number => 13 + id.length + 16 * count;
  for (let size = 0; size < whole.length; size++) {
    writeFileSync(path, whole.subarray(0, size));
    const next = await open();
    const expected = size < chunk("a", 2) ? [] : prints(1, 2);
    expect(next.takeFormer()).toEqual(expected);
    await next.remember("c", prints(9));
    expect((await open()).takeFormer()).toEqual([...expected, ...prints(9)]);
  }
});

test("a changed byte or a tail of zeros, as a power cut leaves it, is not taken for requests", async () => {
  const memory = await open();
  await memory.remember("a", prints(1, 2));
  const path = join(folder, chunkFiles()[0] as string);
  const whole = readFileSync(path);
  appendFileSync(path, Buffer.alloc(500));
  expect((await open()).takeFormer()).toEqual(prints(1, 2));
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole);
    changed.writeUInt8(changed.readUInt8(at) ^ 0x10, at);
    writeFileSync(path, changed);
    expect((await open()).takeFormer()).toEqual([]);
  }
});

test("requests are known for five minutes at least, and files do not pile up", async () => {
  let memory = await open();
  for (let minute = 0; minute <= 60; minute++) {
    vi.setSystemTime(START_MS + minute * 60_000);
    await memory.remember(`segment-${minute}`, prints(minute));
    await memory.sync();
    if (minute % 7 === 0) memory = await open();
    expect(chunkFiles().length).toBeLessThanOrEqual(2);
  }
  const known = (await open()).takeFormer();
  expect(known).toEqual(expect.arrayContaining(prints(55, 6)));
  expect(known).not.toEqual(expect.arrayContaining(prints(49)));
});

test("a flood of requests shortens the memory instead of filling the disk", async () => {
  const memory = await open();
  for (let i = 0; i < 8; i++) await memory.remember(`segment-${i}`, prints(i * 100_000, 100_000));
  expect(chunkFiles()).toHaveLength(2);
  const known = (await open()).takeFormer();
  expect(known.at(-1)).toBe(prints(799_999)[0]);
  expect(known.length).toBeGreaterThanOrEqual(250_000);
  expect(known.length).toBeLessThanOrEqual(700_000);
});

test("a folder that cannot be used is told of once, and requests are taken all the same", async () => {
  writeFileSync(folder, "not a folder");
  const troubles: string[] = [];
  const memory = await RequestMemory.open(folder, (message) => troubles.push(message));
  expect(memory.mark).toHaveLength(8);
  await memory.remember("a", prints(1));
  await memory.sync();
  await memory.remember("b", prints(2));
  expect(troubles).toEqual([
    "repeats of requests will not be known after a restart",
    "accepted requests could not be noted",
  ]);
});
