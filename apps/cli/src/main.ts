// Entry point of the `clew` command.

import { allowClosedOutput } from "@clew/server/closed-output";
import { enlargeThreadPool } from "@clew/server/thread-pool";

// Everything else is imported after this, for none of it may have used the pool before.
enlargeThreadPool();
allowClosedOutput();
const { runCli } = await import("./run-cli.ts");
process.exitCode = await runCli(process.argv.slice(2));
