// `clew serve`: the server itself. Only this command loads it.

import type { Command } from "commander";

/** What the server package offers to the command line. */
interface ServerModule {
  readonly runServe: (options: { configFile?: string; printConfig: boolean }) => Promise<void>;
}

/** Adds the `serve` subcommand. */
export function addServeCommand(program: Command): void {
  program
    .command("serve")
    .summary("run the collector, the store, the query APIs and the UI in one process")
    .description(
      "Runs Clew: OTLP on ports 4317 (gRPC) and 4318 (HTTP), the UI and all query APIs on port 4319.\n" +
        "Every setting is CLEW_... in the environment or a key of the YAML file given with --config.",
    )
    .option("--config <file>", "YAML file with settings")
    .option("--print-config", "show every setting, its value and where it came from, and stop")
    .action(async (flags: { config?: string; printConfig?: true }) => {
      const { runServe } = (await import("@clew/server")) as ServerModule;
      const printConfig = flags.printConfig ?? false;
      await runServe(
        flags.config === undefined ? { printConfig } : { configFile: flags.config, printConfig },
      );
    });
}
