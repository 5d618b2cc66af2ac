// The machine that figures come from, and what else it was doing.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg, release, totalmem, type } from "node:os";

/** Each line of the machine's description, by name. */
export type Machine = Readonly<Record<string, string>>;

/** Describes this machine at this moment; take it before the first benchmark runs. */
export function describeMachine(): Machine {
  const processors = cpus();
  return {
    processor: `${processors[0]?.model.trim() ?? "unknown"}, ${processors.length} threads`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    kernel: `${type()} ${release()} ${process.arch}`,
    node: process.version,
    chdb: chdbVersion(),
    "load average before the run": loadavg()
      .map((load) => load.toFixed(2))
      .join(", "),
    started: `${new Date().toISOString().slice(0, 19)}Z`,
  };
}

function chdbVersion(): string {
  try {
    // Resolved from the store's package: that is the one which is measured.
    const fromStorage = createRequire(import.meta.resolve("@clew/storage"));
    const manifest = readFileSync(fromStorage.resolve("chdb/package.json"), "utf8");
    return (JSON.parse(manifest) as { version: string }).version;
  } catch {
    return "unknown";
  }
}
