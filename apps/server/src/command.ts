// The server's own command line, for a process without the `clew` command around it.

import { parseArgs } from "node:util";
import { ClewError } from "@clew/base";
import { reportFatal } from "./process/fatal.ts";
import { runServe, type ServeOptions } from "./run-serve.ts";

/** Serves as `args` say; a failure is printed and ends the process with 1. */
export async function main(args: string[]): Promise<void> {
  try {
    await runServe(options(args));
  } catch (thrown) {
    reportFatal(thrown);
    process.exit();
  }
}

function options(args: string[]): ServeOptions {
  try {
    const { values } = parseArgs({
      args,
      options: { config: { type: "string" }, "print-config": { type: "boolean" } },
    });
    return { configFile: values.config, printConfig: values["print-config"] };
  } catch (cause) {
    const hint = "usage: main.ts [--config clew.yaml] [--print-config]";
    throw new ClewError("bad_config", ClewError.from(cause).message, { cause, hint });
  }
}
