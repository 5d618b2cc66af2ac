import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openChdbEngine } from "./chdb.ts";

test("closing ends what runs, refuses what waits or comes later, and the store opens again with its rows", async () => {
  const path = mkdtempSync(join(tmpdir(), "clew-close-"));
  const engine = await openChdbEngine({ path, readers: 2 });
  await engine.command("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a");
  await engine.command("INSERT INTO t SELECT 7");
  const endless = () =>
    engine.readRows("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) != 1");
  const running = endless();
  const isVisible = async (): Promise<boolean> => {
    const rows = await engine.readRows(
      "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64(number)%'",
    );
    return Number(rows[0]?.[0]) > 1; // itself and the other
  };
  while (!(await isVisible()));
  const outcomes = Promise.allSettled([running, endless(), engine.readRows("SELECT 1")]);
  await engine.close();
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
  }
  await expect(engine.readRows("SELECT 1")).rejects.toMatchObject({ code: "unavailable" });
  await expect(engine.command("SELECT 1")).rejects.toMatchObject({ code: "unavailable" });
  await engine.close();

  const again = await openChdbEngine({ path });
  expect(await again.readRows("SELECT a FROM t")).toEqual([[7]]);
  await again.close();
  rmSync(path, { recursive: true });
});
