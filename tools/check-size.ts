// Keeps files small: 500 lines that are neither blank nor comment are the most a file may have. A longer one
// needs an entry in size-allow.json, `path: { lines, reason }`, and may not grow past those lines.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const LIMIT_LINES = 500;
const FOLDERS = ["packages", "apps", "examples", "bench", "e2e", "tools"];

/** An exception: how many lines the file may have, and why. */
export interface SizeException {
  readonly lines: number;
  readonly reason: string;
}

/** Lines of `text` that are neither blank nor part of a comment standing on lines of its own. */
export function countLines(text: string): number {
  let count = 0;
  let inComment = false;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (inComment || line.startsWith("/*")) {
      inComment = !line.includes("*/");
      continue;
    }
    if (line !== "" && !line.startsWith("//")) count++;
  }
  return count;
}

/** Problems as lines to print. An exception that is no longer needed, or too generous, is one as well. */
export function checkSizes(
  counts: ReadonlyMap<string, number>,
  exceptions: Readonly<Record<string, SizeException>>,
): string[] {
  const problems: string[] = [];
  for (const [path, lines] of counts) {
    const most = exceptions[path]?.lines ?? LIMIT_LINES;
    if (lines > most)
      problems.push(`${path}: ${lines} lines of code, ${most} is the most; split it`);
  }
  for (const [path, { lines, reason }] of Object.entries(exceptions)) {
    const now = counts.get(path) ?? 0;
    if (now <= LIMIT_LINES)
      problems.push(`${path}: ${now} lines now; take it out of tools/size-allow.json`);
    else if (now < lines)
      problems.push(`${path}: ${now} lines now; lower its ${lines} in tools/size-allow.json`);
    if (reason.trim() === "")
      problems.push(`${path}: its entry in tools/size-allow.json gives no reason`);
  }
  return problems;
}

function sourcesIn(root: string, folder: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  const paths = names.map((name) => `${folder}/${name.replaceAll("\\", "/")}`);
  return paths.filter(
    (path) => /\.(ts|tsx|mjs|css)$/.test(path) && !/\/(node_modules|dist)\//.test(path),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const sources = FOLDERS.flatMap((folder) => sourcesIn(root, folder));
  const counts = new Map(
    sources.map((path) => [path, countLines(readFileSync(join(root, path), "utf8"))]),
  );
  const allow = JSON.parse(readFileSync(join(root, "tools/size-allow.json"), "utf8")) as Record<
    string,
    SizeException
  >;
  const problems = checkSizes(counts, allow);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
