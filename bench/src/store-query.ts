// A program that opens the store of a stopped server and runs statements on it, one after another:
//   node bench/src/store-query.ts <data folder of the server> <JSON list of statements>
// Prints a JSON list with the rows of each SELECT, and an empty list for every other statement.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openChdbEngine } from "@clew/storage";
import { startJsonProgram } from "./child.ts";

const GiB = 2 ** 30;
const LIMITS = { timeoutMs: 1_800_000, maxMemoryBytes: 12 * GiB };

/** Rows of a SELECT; 64-bit integers are texts. */
export type Rows = readonly (readonly unknown[])[];

/** Runs statements on the store in a server's data folder, in a process of its own. */
export function queryStore(dataDir: string, statements: readonly string[]): Promise<Rows[]> {
  const file = fileURLToPath(import.meta.url);
  return startJsonProgram<Rows[]>(file, [dataDir, JSON.stringify(statements)]).result;
}

async function runStatements(dataDir: string, statements: readonly string[]): Promise<Rows[]> {
  const engine = await openChdbEngine({
    path: join(dataDir, "chdb"),
    readers: 1,
    limits: LIMITS,
    memoryBytes: LIMITS.maxMemoryBytes,
  });
  try {
    const results: Rows[] = [];
    for (const statement of statements) {
      if (/^(SELECT|WITH)\b/.test(statement)) results.push(await engine.readRows(statement));
      else results.push((await engine.command(statement), []));
    }
    return results;
  } finally {
    await engine.close();
  }
}

if (import.meta.main) {
  const [dataDir = "", statements = "[]"] = process.argv.slice(2);
  const results = await runStatements(dataDir, JSON.parse(statements) as string[]);
  process.stdout.write(JSON.stringify(results));
}
