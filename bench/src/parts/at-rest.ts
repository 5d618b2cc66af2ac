// Part `at-rest`: bytes on disk a span, by table, as the background merges leave a day of spans, and what
// an OPTIMIZE FINAL would make of it, for information.

import type { FigureList } from "../figures.ts";
import type { ServerProcess } from "../server-process.ts";
import { queryStore, type Rows } from "../store-query.ts";

/** Table, bytes on disk, rows, parts: of the active parts, the largest first. */
export const bytesByTable = `SELECT table, sum(bytes_on_disk) AS bytes, sum(rows), count()
FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table ORDER BY bytes DESC`;

/** Lists the bytes of a stopped server's store, which should hold as many spans as were acknowledged. */
export async function listAtRest(
  figures: FigureList,
  server: ServerProcess,
  acknowledged: number,
): Promise<void> {
  const [, , rows = []] = await queryStore(server.dataDir, [
    "SYSTEM STOP MERGES",
    "SYSTEM STOP TTL MERGES",
    bytesByTable,
  ]);
  const spans = spansOf(rows);
  figures.add("spans stored", spans, "spans", { goal: { atLeast: acknowledged } });
  figures.add("data folder, active parts", totalOf(rows) / spans, "bytes/span", {
    goal: { atMost: 55 },
    note: "a day of spans, as the merges left it",
  });
  for (const [table, bytes, count, parts] of rows) {
    figures.add(`  of which ${String(table)}`, Number(bytes) / spans, "bytes/span", {
      note: `${Number(count).toLocaleString("en-US")} rows in ${String(parts)} parts`,
    });
  }
}

/** Lists the bytes after every partition was merged into one part. The server must be stopped. */
export async function listOptimized(figures: FigureList, server: ServerProcess): Promise<void> {
  figures.step("OPTIMIZE FINAL of every table");
  const [names = []] = await queryStore(server.dataDir, [
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'",
  ]);
  const optimize = names.map(([name]) => `OPTIMIZE TABLE ${String(name)} FINAL`);
  const rows = (await queryStore(server.dataDir, [...optimize, bytesByTable])).at(-1) ?? [];
  figures.add("after OPTIMIZE FINAL", totalOf(rows) / spansOf(rows), "bytes/span", {
    note: "for information: nobody runs it",
  });
}

/** Bytes of all tables of {@link bytesByTable}. */
export function totalOf(rows: Rows): number {
  return rows.reduce((sum, row) => sum + Number(row[1]), 0);
}

/** Stored spans in {@link bytesByTable}. */
export function spansOf(rows: Rows): number {
  return Number(rows.find(([table]) => table === "spans")?.[2] ?? 0);
}
