// The schema's history: an ordered list that only ever grows at its end. A migration's statements can be
// run again, so a process that died in the middle of one continues where it stopped.

import { ClewError } from "@clew/base";
import type { Engine } from "../engines/engine.ts";
import { fillAttributePlaces } from "./fill-attribute-places.ts";
import { SINCE_MINUTE_INDEX, tables } from "./tables.ts";

export interface Migration {
  /** 1, 2, 3 … without gaps. */
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
}

/** All migrations, oldest first. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "span store",
    statements: Object.values(tables).map(createIfMissing),
  },
  {
    version: 2,
    name: "attribute places",
    statements: [createIfMissing(tables.attribute_places), fillAttributePlaces],
  },
  {
    version: 3,
    name: "index of spans at whole minutes",
    statements: [
      `ALTER TABLE spans ADD ${SINCE_MINUTE_INDEX.replace("INDEX", "INDEX IF NOT EXISTS")}`,
      // In the background; until then parts without it are read.
      "ALTER TABLE spans MATERIALIZE INDEX since_minute",
    ],
  },
];

function createIfMissing(statement: string): string {
  return statement.replace(/^CREATE TABLE /, "CREATE TABLE IF NOT EXISTS ");
}

const HISTORY = `CREATE TABLE IF NOT EXISTS schema_migrations (
  version UInt32,
  name String,
  applied_at DateTime('UTC')
) ENGINE = MergeTree
ORDER BY version
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`;

/**
 * Brings the engine's schema to the newest version and returns that version. Running it again changes nothing.
 * @throws ClewError `bad_config` when the schema was made by a newer Clew.
 */
export async function migrate(
  engine: Engine,
  steps: readonly Migration[] = migrations,
): Promise<number> {
  await engine.command(HISTORY);
  const applied = await engine.readRows("SELECT max(version) FROM schema_migrations");
  const current = Number(applied[0]?.[0] ?? 0);
  const newest = steps.at(-1)?.version ?? 0;
  if (current > newest) {
    throw new ClewError(
      "bad_config",
      `the store's schema has version ${current}, this Clew knows versions up to ${newest}`,
      {
        hint: "run the newer Clew that made it, or start on an empty data folder",
      },
    );
  }
  for (const step of steps) {
    if (step.version <= current) continue;
    for (const statement of step.statements) await engine.command(statement);
    const name = step.name.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
    await engine.command(
      `INSERT INTO schema_migrations SELECT ${step.version}, '${name}', now('UTC')`,
    );
  }
  return newest;
}
