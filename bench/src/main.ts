// `npm run bench`: measures Clew from outside and prints figures beside their goals. See docs/benchmarks.md.
//   npm run bench -- [part ...] [--quick] [--json file] [--markdown] [--port n] [--data-dir folder]

import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { errorText } from "./error-text.ts";
import { markdownTables, textTable } from "./figures.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { benchBrowser } from "./parts/browser.ts";
import { benchCrash } from "./parts/crash.ts";
import { benchFloor } from "./parts/floor.ts";
import { benchIngest } from "./parts/ingest.ts";
import { benchSdk } from "./parts/sdk.ts";
import { benchSmallSenders } from "./parts/small-senders.ts";
import { benchStoredDay } from "./parts/stored-day.ts";
import { benchTraceql } from "./parts/traceql.ts";
import { BenchRun, fullScale, quickScale } from "./run.ts";

const PARTS = [
  "floor",
  "ingest",
  "small-senders",
  "at-rest",
  "queries",
  "browser",
  "crash",
  "sdk",
  "traceql",
];
const USAGE = `npm run bench -- [part ...] [options]

Parts, all unless named: ${PARTS.join(", ")}.
  --quick             about a twentieth of everything: shows that it works, measures nothing
  --json <file>       writes the machine and all figures as JSON
  --markdown          prints the tables as Markdown, for docs/benchmarks.md
  --port <n>          first of three ports on 127.0.0.1 (default 5900)
  --data-dir <folder> where scratch data goes, 10 GB at most (default: the system's temporary folder)
`;

interface Wishes {
  readonly parts: ReadonlySet<string>;
  readonly quick: boolean;
  readonly markdown: boolean;
  readonly json: string | undefined;
  readonly port: number;
  readonly folder: string;
}

function readWishes(args: string[]): Wishes {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      markdown: { type: "boolean", default: false },
      port: { type: "string", default: "5900" },
      "data-dir": { type: "string", default: tmpdir() },
    },
  });
  const unknown = positionals.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) throw new Error(`there is no part ${unknown}`);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1024 || port > 65_533) throw new Error("no such --port");
  return {
    parts: new Set(positionals.length === 0 ? PARTS : positionals),
    quick: values.quick,
    markdown: values.markdown,
    json: values.json,
    port,
    folder: resolve(values["data-dir"]),
  };
}

/** Runs a part; one that cannot be measured does not take the others' figures with it. */
async function attempt(name: string, part: () => Promise<void>): Promise<void> {
  process.stderr.write(`${name}\n`);
  try {
    await part();
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${name} ended early: ${errorText(error)}\n`);
  }
}

async function runParts(run: BenchRun, parts: ReadonlySet<string>): Promise<void> {
  if (parts.has("floor")) await attempt("floor", () => benchFloor(run));
  if (parts.has("ingest")) await attempt("ingest", () => benchIngest(run));
  if (parts.has("small-senders")) await attempt("small-senders", () => benchSmallSenders(run));
  if (parts.has("traceql")) await attempt("traceql, reading", () => benchTraceql(run));
  const stored = {
    atRest: parts.has("at-rest"),
    queries: parts.has("queries"),
    traceql: parts.has("traceql"),
  };
  if (Object.values(stored).includes(true)) {
    await attempt("at-rest, queries, traceql", () => benchStoredDay(run, stored));
  }
  if (parts.has("browser")) await attempt("browser", () => benchBrowser(run));
  if (parts.has("crash")) await attempt("crash", () => benchCrash(run));
  if (parts.has("sdk")) await attempt("sdk", () => benchSdk(run));
}

function print(wishes: Wishes, machine: Machine, run: BenchRun): void {
  const figures = run.lists.flatMap((list) => list.all);
  const about = Object.entries({ ...machine, ...(wishes.quick ? { scale: "--quick" } : {}) });
  if (wishes.markdown) {
    const rows = about.map(([name, value]) => `| ${name} | ${value} |`);
    console.log(["| machine | |", "|---|---|", ...rows, "", markdownTables(figures)].join("\n"));
  } else {
    console.log(about.map(([name, value]) => `${name}: ${value}`).join("\n"));
    console.log(textTable(figures));
  }
  if (wishes.json !== undefined) {
    const text = JSON.stringify({ quick: wishes.quick, machine, figures }, undefined, 2);
    writeFileSync(wishes.json, `${text}\n`);
  }
}

async function main(): Promise<void> {
  let wishes: Wishes;
  try {
    wishes = readWishes(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  const machine = describeMachine();
  mkdirSync(wishes.folder, { recursive: true });
  const place = { folder: wishes.folder, port: wishes.port };
  const run = new BenchRun(wishes.quick ? quickScale : fullScale, place);
  await runParts(run, wishes.parts);
  print(wishes, machine, run);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => process.exit(130)); // children are killed on exit
}
await main();
