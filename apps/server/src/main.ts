// Entry point of the server process: `node apps/server/src/main.ts [--config file] [--print-config]`.
// The launcher and the `clew` command do the same with more commands around it.

import "./process/thread-pool.ts"; // first: nothing may have used libuv's pool yet
import { parseArgs } from "node:util";
import { ClewError } from "@clew/base";
import { reportFatal } from "./process/fatal.ts";
import { runServe, type ServeOptions } from "./run-serve.ts";

function options(): ServeOptions {
  try {
    const { values } = parseArgs({
      options: { config: { type: "string" }, "print-config": { type: "boolean" } },
    });
    return { configFile: values.config, printConfig: values["print-config"] };
  } catch (cause) {
    const hint = "usage: main.ts [--config clew.yaml] [--print-config]";
    throw new ClewError("bad_config", cause instanceof Error ? cause.message : String(cause), { cause, hint });
  }
}

try {
  await runServe(options());
} catch (thrown) {
  reportFatal(thrown);
  process.exit();
}
