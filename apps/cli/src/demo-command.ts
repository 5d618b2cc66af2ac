// `clew demo`: runs the example shop as a child process that reports to a running Clew.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { otlpHttpPort } from "./server-ports.ts";

const SHOP = new URL("../../../examples/shop/src/main.ts", import.meta.url);

/** Adds the `demo` subcommand. */
export function addDemoCommand(program: Command): void {
  program
    .command("demo")
    .summary("run the example shop, which sends its traces to a running Clew")
    .description(
      "Runs the small services of examples/shop. Start `clew serve` first, in another terminal.",
    )
    .option(
      "--endpoint <url>",
      "where the shop sends its spans (default: OTEL_EXPORTER_OTLP_ENDPOINT, else this machine)",
    )
    .argument("[args...]", "passed on to the shop")
    .allowUnknownOption()
    .addHelpText("after", "\nclew demo -- --help shows the shop's own options.")
    .action(async (args: string[], flags: { endpoint?: string }) => {
      const local = `http://127.0.0.1:${otlpHttpPort()}`;
      const inherited = process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? local;
      process.exitCode = await runShop(fileURLToPath(SHOP), args, flags.endpoint ?? inherited);
    });
}

/** Runs the script at `path` until it ends; resolves to the exit code that tells how it ended. */
export function runShop(path: string, args: readonly string[], endpoint: string): Promise<number> {
  const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
  const child = spawn(process.execPath, [path, ...args], { env, stdio: "inherit" });
  // A terminal's Ctrl-C reaches the child by itself; a second one would cut its shutdown short.
  const onInterrupt = (): void => {
    if (!process.stdin.isTTY) child.kill("SIGINT");
  };
  const onTerminate = (): void => {
    child.kill("SIGTERM");
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  process.on("SIGHUP", onTerminate);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      process.off("SIGINT", onInterrupt);
      process.off("SIGTERM", onTerminate);
      process.off("SIGHUP", onTerminate);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
