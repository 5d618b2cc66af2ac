import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChdbEngine } from "../engines/chdb.ts";
import type { Engine } from "../engines/engine.ts";
import { migrate, migrations } from "./migrations.ts";

let folder: string;
let engine: Engine;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "clew-older-"));
  engine = await openChdbEngine({ path: folder });
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

test("a store from before the index of whole minutes gets it, for its old spans too", async () => {
  await migrate(engine, migrations.slice(0, 2));
  await engine.command("ALTER TABLE spans DROP INDEX since_minute");
  await engine.command("INSERT INTO spans (tenant, minute) SELECT 't', number FROM numbers(10)");
  await migrate(engine);
  await expect
    .poll(async () =>
      engine.readRows(
        "SELECT sum(secondary_indices_uncompressed_bytes) > 0 FROM system.parts WHERE table = 'spans' AND active",
      ),
    )
    .toEqual([[1]]);
});
