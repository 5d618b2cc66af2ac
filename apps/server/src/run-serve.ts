// `clew serve`: settings, start, banner, and the signals that end it.

import { loadConfig } from "./config/load.ts";
import { printConfig } from "./config/print.ts";
import { banner } from "./process/banner.ts";
import { reportFatal } from "./process/fatal.ts";
import { createLog, type Log } from "./process/log.ts";
import { stopSignal } from "./process/stop-signal.ts";
import { startServer } from "./server.ts";
import type { Parts, Store } from "./wiring.ts";

export interface ServeOptions {
  /** Path given with --config. */
  readonly configFile?: string | undefined;
  /** Print each setting with its value and origin, and start nothing. */
  readonly printConfig?: boolean | undefined;
}

/**
 * Runs a server in this process until SIGINT, SIGTERM or SIGHUP, then ends the process: 0 when everything taken
 * in is stored, 1 when stopping failed, 130 on a second signal a second or more after the first. Raises `bad_config` or `unavailable` when it cannot
 * start; {@link reportFatal} prints those. `using`: other parts than the real ones, for tests.
 */
export async function runServe(options: ServeOptions, using?: Parts<Store>): Promise<void> {
  const { config, resolved } = loadConfig({ ...options, env: process.env, cwd: process.cwd() });
  if (options.printConfig === true) {
    process.stdout.write(printConfig(resolved));
    return;
  }
  const log = createLog(config.logLevel);
  dieOnUncaught(log);
  // Loaded late: the engine is large, and --print-config and the tests do without it.
  const parts = using ?? (await import("./parts.ts")).parts;
  const server = await startServer(config, parts, log);
  // Before the banner: who reads it may already send a signal.
  const stopped = stopSignal(process, () => process.exit(130));
  process.stdout.write(banner(config, server.folder, server.apiPort, server.ingestPorts));
  const signal = await stopped;
  process.stdout.write("Stopping; a second signal stops at once.\n");
  log.info({ signal }, "stopping");
  try {
    await server.stop();
  } catch (thrown) {
    reportFatal(thrown);
    process.exit(1);
  }
  process.exit(0);
}

function dieOnUncaught(log: Log): void {
  process.on("uncaughtException", (error, origin) => {
    log.fatal({ err: error, origin }, "a bug in Clew: this error was caught nowhere");
    process.exit(1);
  });
}
