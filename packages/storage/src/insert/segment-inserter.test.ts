import { ClewError, type ErrorCode } from "@clew/base";
import { expect, test } from "vitest";
import type { Engine } from "../engines/engine.ts";
import type { SealedSegment } from "../spool/spool.ts";
import { SegmentInserter } from "./segment-inserter.ts";

function segment(id: string): SealedSegment {
  const files = (["resources", "spans"] as const).map((table) => ({
    table,
    path: `/spool/${id}/${table}`,
    token: `${id}:spans:${table}`,
  }));
  return { id, files };
}

interface Trial {
  readonly inserter: SegmentInserter;
  /** Tokens of all tries, in order. */
  readonly tries: string[];
  readonly troubles: [string, string, number][];
}

/** An engine whose n-th try (from 0) of a token fails with what `failure` says. */
function trial(
  failure: (token: string, n: number) => ErrorCode | undefined,
  pauseMs = 0,
  cause?: Error,
): Trial {
  const tries: string[] = [];
  const troubles: [string, string, number][] = [];
  const engine = {
    async insertNative(_table: string, _path: string, token: string): Promise<void> {
      const n = tries.filter((one) => one === token).length;
      tries.push(token);
      const code = failure(token, n);
      if (code !== undefined) throw new ClewError(code, `no: ${code}`, { cause });
    },
  } as unknown as Engine;
  const inserter = new SegmentInserter({
    engine,
    pauseMs: () => pauseMs,
    onTrouble: ({ id }, error, attempt) => troubles.push([id, error.code, attempt]),
  });
  return { inserter, tries, troubles };
}

test("files go in order, segment after segment, however they are handed over", async () => {
  const { inserter, tries } = trial(() => undefined);
  const outcomes = await Promise.all(["a", "b", "c"].map((id) => inserter.insert(segment(id))));
  expect(outcomes).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
  expect(tries).toEqual(
    ["a", "b", "c"].flatMap((id) => [`${id}:spans:resources`, `${id}:spans:spans`]),
  );
});

test("an engine in trouble is waited out, and the order is kept", async () => {
  const { inserter, tries, troubles } = trial((token, n) => {
    if (token !== "a:spans:spans" || n >= 30) return undefined;
    return n % 2 === 0 ? "unavailable" : "overloaded";
  });
  const outcomes = await Promise.all([
    inserter.insert(segment("a")),
    inserter.insert(segment("b")),
  ]);
  expect(outcomes).toEqual([{ ok: true }, { ok: true }]);
  expect(troubles.length).toBe(30);
  expect(troubles.at(-1)).toEqual(["a", "overloaded", 30]);
  expect(tries.slice(-2)).toEqual(["b:spans:resources", "b:spans:spans"]);
  expect(tries.lastIndexOf("a:spans:spans")).toBeLessThan(tries.indexOf("b:spans:resources"));
});

test("data that the engine cannot read is given up after three tries, and the next segment goes on", async () => {
  const { inserter, tries } = trial((token) =>
    token === "bad:spans:spans" ? "bad_request" : undefined,
  );
  const outcomes = await Promise.all([
    inserter.insert(segment("bad")),
    inserter.insert(segment("good")),
  ]);
  expect(outcomes).toEqual([{ ok: false, reason: "no: bad_request" }, { ok: true }]);
  expect(tries.filter((token) => token === "bad:spans:spans").length).toBe(3);
});

test("a segment that fails for a reason nobody knows does not block the rest for ever", async () => {
  const { inserter, tries } = trial((token) =>
    token === "odd:spans:spans" ? "internal" : undefined,
  );
  const outcomes = await Promise.all([
    inserter.insert(segment("odd")),
    inserter.insert(segment("good")),
  ]);
  expect(outcomes).toEqual([{ ok: false, reason: "no: internal" }, { ok: true }]);
  expect(tries.filter((token) => token === "odd:spans:spans").length).toBe(12);
});

test("a disk that cannot be written is waited out, however long", async () => {
  const cause = new Error("Code: 75. DB::Exception: Cannot write to file");
  const { inserter } = trial((_, n) => (n < 40 ? "internal" : undefined), 0, cause);
  expect(await inserter.insert(segment("a"))).toEqual({ ok: true });
});

test("a stop ends the waiting at once and leaves what is not inserted", async () => {
  const { inserter, troubles } = trial(() => "unavailable", 3_600_000);
  const waiting = inserter.insert(segment("a"));
  const behind = inserter.insert(segment("b"));
  const failed = Promise.allSettled([waiting, behind]);
  while (troubles.length === 0) await new Promise((resolve) => setImmediate(resolve));
  inserter.stop();
  const results = await failed;
  for (const result of results) {
    expect(result).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
  }
  expect(troubles.length).toBe(1);
});
