// Entry point of the server process: `node apps/server/src/main.ts [--config file] [--print-config]`.
// The launcher and the `clew` command do the same with more commands around it.

import { allowClosedOutput } from "./process/closed-output.ts";
import { enlargeThreadPool } from "./process/thread-pool.ts";

// Everything else is imported after this, for none of it may have used the pool before.
enlargeThreadPool();
allowClosedOutput();
const { main } = await import("./command.ts");
await main(process.argv.slice(2));
