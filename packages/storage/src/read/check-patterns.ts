// Regular expressions are RE2, and only the engine can tell whether one is.

import type { Engine } from "../engines/engine.ts";
import type { ReadContext } from "./read-context.ts";
import { SqlParameters } from "./sql-parameters.ts";

/**
 * Has the engine compile every pattern: a query that meets no row would never notice a malformed one.
 * @throws ClewError `bad_request` with what is wrong.
 */
export async function checkPatterns(
  engine: Engine,
  patterns: readonly string[],
  context: ReadContext,
): Promise<void> {
  if (patterns.length === 0) return;
  const parameters = new SqlParameters();
  // The engine takes `a)` for plain text and does not compile it; with a repetition in front it does.
  const matches = patterns
    .flatMap((pattern) => [pattern, `.?${pattern}`])
    .map((pattern) => `match(materialize(''), ${parameters.text(pattern)})`);
  const sql = `SELECT ${matches.join(", ")}`;
  await engine.readRows(sql, { ...context, parameters: parameters.values });
}
