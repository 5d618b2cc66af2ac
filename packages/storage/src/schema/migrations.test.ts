import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChdbEngine } from "../engines/chdb.ts";
import type { Engine } from "../engines/engine.ts";
import { migrate, migrations } from "./migrations.ts";
import { tables } from "./tables.ts";

let folder: string;
let engine: Engine;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "clew-migrations-"));
  engine = await openChdbEngine({ path: folder });
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

test("migrating an empty store makes every table, and migrating again changes nothing", async () => {
  const newest = migrations.length;
  expect(await migrate(engine)).toBe(newest);
  expect(await migrate(engine)).toBe(newest);
  const rows = await engine.readRows(
    "SELECT name FROM system.tables WHERE database = currentDatabase()",
  );
  expect(rows.map(([name]) => name)).toEqual(expect.arrayContaining(Object.keys(tables)));
  expect(await engine.readRows("SELECT version, name FROM schema_migrations")).toHaveLength(newest);
});

test("a migration that stopped half-way is completed by the next run", async () => {
  const add = "ALTER TABLE scopes ADD COLUMN IF NOT EXISTS remark String";
  const step = { version: migrations.length + 1, name: "it's a remark", statements: [add] };
  const broken = { ...step, statements: [add, "ALTER TABLE nothing_like_it ADD COLUMN a String"] };
  await expect(migrate(engine, [...migrations, broken])).rejects.toMatchObject({
    code: "internal",
  });
  expect(await migrate(engine, [...migrations, step])).toBe(step.version);
  const names = await engine.readRows("SELECT name FROM schema_migrations ORDER BY version");
  expect(names.at(-1)).toEqual(["it's a remark"]);
});

test("a schema from a newer Clew is refused by name of both versions", async () => {
  await expect(migrate(engine)).rejects.toMatchObject({
    code: "bad_config",
    message: expect.stringContaining(
      `has version ${migrations.length + 1}, this Clew knows versions up to ${migrations.length}`,
    ),
  });
});
