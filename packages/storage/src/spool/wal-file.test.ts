import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readWal, WalFile } from "./wal-file.ts";
import { RecordSeal, type WalRequest } from "./wal-record.ts";

const seal = new RecordSeal(Buffer.from("ourmark!"));

let folder: string;
let smallDisk: string | undefined;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "clew-wal-"));
  smallDisk = mountSmallDisk(join(folder, "small"));
});

afterAll(() => {
  if (smallDisk !== undefined) execFileSync("umount", ["-l", smallDisk]);
  rmSync(folder, { recursive: true });
});

/** A file system of 1 MiB, or undefined where this process may not mount one. */
function mountSmallDisk(path: string): string | undefined {
  mkdirSync(path);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path], { stdio: "ignore" });
    return path;
  } catch {
    return undefined;
  }
}

function request(body: string, tenant = "acme"): WalRequest {
  return {
    signal: body.length % 2 === 0 ? "traces" : "logs",
    encoding: body.length % 3 === 0 ? "json" : "protobuf",
    tenant,
    receivedSeconds: 1_790_000_000 + body.length,
    body: Buffer.from(body),
  };
}

function buffers(one: WalRequest): Uint8Array[] {
  return [seal.head(one, seal.fingerprint(one)), one.body];
}

async function writeWal(requests: readonly WalRequest[]): Promise<string> {
  const path = join(folder, `${++files}.wal`);
  const wal = await WalFile.create(path, seal.mark);
  for (const one of requests) await wal.append(buffers(one));
  expect(wal.bytes).toBe(statSync(path).size);
  await wal.close();
  return path;
}

async function readBack(path: string): Promise<unknown[]> {
  const { records } = await readWal(path);
  return records.map(({ request: { body, ...rest } }) => ({ ...rest, body: body.toString() }));
}

function plain(requests: readonly WalRequest[]): unknown[] {
  return requests.map(({ body, ...rest }) => ({ ...rest, body: body.toString() }));
}

const SAMPLE = ["one", "", "three, rather longer", "four!", "x".repeat(300), "last"].map((body) =>
  request(body),
);

test("every request comes back as it was appended, in order", async () => {
  const large = request("large".repeat(10_000));
  const requests = [...SAMPLE, request("tenant", "ü".repeat(127)), large, request("nobody", "")];
  const path = await writeWal(requests);
  expect(await readBack(path)).toEqual(plain(requests));
  const contents = await readWal(path);
  expect(contents).toMatchObject({ damagedBytes: 0, tornBytes: 0, bytes: statSync(path).size });
});

test("one append of many requests is read as many", async () => {
  const path = join(folder, "group.wal");
  const wal = await WalFile.create(path, seal.mark);
  await wal.append(SAMPLE.flatMap(buffers));
  await wal.close();
  expect(await readBack(path)).toEqual(plain(SAMPLE));
});

test.each([
  ["small", ""],
  ["large", "-".repeat(50_000)],
])(
  "%s requests that differ in tenant, signal, encoding or body differ in their fingerprint, arrival does not count",
  (_, more) => {
    const base = request(`body${more}`);
    const prints = [
      base,
      { ...base, tenant: "other" },
      { ...base, signal: base.signal === "logs" ? ("traces" as const) : ("logs" as const) },
      { ...base, encoding: base.encoding === "json" ? ("protobuf" as const) : ("json" as const) },
      { ...base, body: Buffer.from(`bodY${more}`) },
      { ...base, body: Buffer.from(`body${more}-`) },
      { ...base, tenant: `${base.tenant} `, body: base.body.subarray(1) },
    ].map((one) => seal.fingerprint(one));
    expect(new Set(prints).size).toBe(prints.length);
    expect(seal.fingerprint({ ...base, receivedSeconds: 1 } as WalRequest)).toBe(prints[0]);
  },
);

test("a large request under the mark of another spool is read, and its fingerprint is that of a repeat now", async () => {
  const one = request("large".repeat(10_000));
  const other = new RecordSeal(Buffer.from("theirs!!"));
  expect(other.fingerprint(one)).not.toBe(seal.fingerprint(one));
  const path = join(folder, "foreign.wal");
  const wal = await WalFile.create(path, other.mark);
  await wal.append([other.head(one, other.fingerprint(one)), one.body]);
  await wal.close();
  const { records } = await readWal(path);
  expect(records.map((record) => seal.fingerprint(record.request))).toEqual([
    seal.fingerprint(one),
  ]);
});

test("one changed byte of a large body is noticed", async () => {
  const path = await writeWal([request("large".repeat(10_000))]);
  const file = readFileSync(path);
  for (const at of [60, 25_000, file.length - 1]) {
    const changed = Buffer.from(file);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    writeFileSync(path, changed);
    expect((await readWal(path)).records).toEqual([]);
  }
});

test.each([
  ["small", "small"],
  ["large", "large".repeat(10_000)],
])(
  "a %s request that an older build logged under a digest of digests is read",
  async (name, body) => {
    const one = request(body);
    const label = `${one.signal} ${one.encoding} ${one.tenant} `;
    const digest = hash("sha256", label + hash("sha256", one.body, "hex"), "binary").slice(0, 16);
    const path = join(folder, `digest-${name}.wal`);
    const wal = await WalFile.create(path, seal.mark);
    await wal.append([seal.head(one, digest), one.body]);
    await wal.close();
    expect(await readBack(path)).toEqual(plain([one]));
  },
);

test("a log cut off anywhere gives the records before the cut, and nothing counts as damaged", async () => {
  const file = readFileSync(await writeWal(SAMPLE));
  const path = join(folder, "cut.wal");
  const expected = plain(SAMPLE);
  for (let size = 0; size < file.length; size++) {
    writeFileSync(path, file.subarray(0, size));
    const contents = await readWal(path);
    const read = await readBack(path);
    expect(read).toEqual(expected.slice(0, read.length));
    expect(contents.damagedBytes).toBe(0);
    const whole = contents.bytes - contents.tornBytes;
    expect(read.length === 0 || whole > 16).toBe(true);
  }
  // The last cut leaves all but the last record.
  expect(await readBack(path)).toEqual(expected.slice(0, -1));
});

test("a tail of zeros, as a power cut leaves it, is torn and not damaged", async () => {
  const path = await writeWal(SAMPLE);
  writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(500)]));
  expect(await readWal(path)).toMatchObject({ damagedBytes: 0, tornBytes: 500 });
  expect(await readBack(path)).toEqual(plain(SAMPLE));
});

test("a changed byte, wherever it is, loses no record but its own, and a lost one is reported", async () => {
  const file = readFileSync(await writeWal(SAMPLE));
  const path = join(folder, "flipped.wal");
  const expected = plain(SAMPLE).map((one) => JSON.stringify(one));
  for (let at = 8; at < file.length; at++) {
    for (const bit of [0x01, 0x80]) {
      const flipped = Buffer.from(file);
      flipped[at] = (flipped[at] as number) ^ bit;
      writeFileSync(path, flipped);
      const { damagedBytes, tornBytes } = await readWal(path);
      const read = (await readBack(path)).map((one) => JSON.stringify(one));
      // Nothing that was not written is read, and at most one record is missing.
      const missing = expected.filter((one) => !read.includes(one));
      expect(read.every((one) => expected.includes(one))).toBe(true);
      expect(missing.length).toBeLessThanOrEqual(1);
      expect(tornBytes).toBe(0);
      expect(damagedBytes > 0).toBe(missing.length === 1);
    }
  }
});

test("a file that is no log is refused, whatever is in it", async () => {
  const path = join(folder, "garbage.wal");
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
      fc.pre(bytes[0] !== 67);
      writeFileSync(path, bytes);
      await expect(readWal(path)).rejects.toMatchObject({ code: "malformed_payload" });
    }),
    { numRuns: 50, seed: 7 },
  );
});

test("garbage after the head of a log yields no record and is reported", async () => {
  const path = join(folder, "garbage-tail.wal");
  const head = readFileSync(await writeWal([]));
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 60, maxLength: 300 }), async (bytes) => {
      fc.pre(bytes.some((byte) => byte !== 0));
      writeFileSync(path, Buffer.concat([head, bytes]));
      const { records, damagedBytes, tornBytes } = await readWal(path);
      expect(records).toEqual([]);
      expect(damagedBytes + tornBytes).toBe(bytes.length);
    }),
    { numRuns: 50, seed: 7 },
  );
});

test("a whole record inside a damaged record's body is never taken for a record of the log", async () => {
  const planted = Buffer.concat(buffers(request("planted", "victim")));
  // What a sender can know of the format: everything but the mark.
  planted.set(Buffer.from("guessing"), 4);
  const carrier = { ...request("carrier"), body: Buffer.concat([Buffer.from("...."), planted]) };
  const path = await writeWal([request("before"), carrier, request("after")]);
  const file = readFileSync(path);
  const at = file.indexOf("....");
  file[at] = 0;
  writeFileSync(path, file);
  expect(await readBack(path)).toEqual(plain([request("before"), request("after")]));
});

test("a full disk fails the append as unavailable, and nothing of it stays in the log", async ({
  skip,
}) => {
  if (smallDisk === undefined) return skip("this process may not mount a file system");
  const path = join(smallDisk, "full.wal");
  const wal = await WalFile.create(path, seal.mark);
  await wal.append(buffers(request("kept")));
  const tooLarge = request("y".repeat(2 * 1024 * 1024));
  await expect(wal.append(buffers(tooLarge))).rejects.toMatchObject({
    code: "unavailable",
    retryAfterMs: 5000,
  });
  expect(statSync(path).size).toBe(wal.bytes);
  expect(await readBack(path)).toEqual(plain([request("kept")]));
  await wal.append(buffers(request("later")));
  await wal.close();
  expect(await readBack(path)).toEqual(plain([request("kept"), request("later")]));
});

test("a log is never written over another", async () => {
  const path = await writeWal(SAMPLE);
  await expect(WalFile.create(path, seal.mark)).rejects.toMatchObject({ code: "EEXIST" });
  expect(await readBack(path)).toEqual(plain(SAMPLE));
});
