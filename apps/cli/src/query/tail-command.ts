// `clew tail`: spans that match a TraceQL filter, a line each as they arrive.

import { ClewError } from "@clew/base";
import { parse } from "@clew/traceql";
import { type Command, Option } from "commander";
import { durationOption } from "../argument-types.ts";
import type { CliOutput } from "../cli-output.ts";
import { interruptible, type ServerFlags, serverOption, tenantOption } from "./query-flags.ts";

interface Flags extends ServerFlags {
  every: number;
  lookback: number;
  format: "lines" | "json";
}

/** Adds the `tail` subcommand. */
export function addTailCommand(program: Command, output: CliOutput): void {
  program
    .command("tail")
    .argument("[traceql]", "which spans, such as '{ status = error }'", "{ }")
    .summary("show matching spans live, as they are stored")
    .description(
      "Shows spans that match a TraceQL filter as they arrive, a line each: start, duration, status, service, name,\n" +
        "trace id. Runs until Ctrl-C.",
    )
    .addOption(serverOption())
    .addOption(tenantOption())
    .addOption(durationOption("--every <time>", "how often to look", "1s"))
    .addOption(
      durationOption("--lookback <time>", "spans that started longer ago are missed", "2m"),
    )
    .addOption(
      new Option("--format <name>", "lines, or json").choices(["lines", "json"]).default("lines"),
    )
    .action(async (text: string, flags: Flags) => {
      if (parse(text).kind === "metrics")
        throw new ClewError("bad_request", "clew tail shows spans, and this is a metrics query", {
          hint: "clew query shows time series",
        });
      const { ClewClient } = await import("./clew-client.ts");
      const { Tail } = await import("./tail.ts");
      await interruptible(async (signal) => {
        const { server, tenant } = flags;
        const client = new ClewClient({ server, tenant, signal });
        const tail = new Tail(client, text, flags.lookback);
        await tail.run(flags.every, signal, (line) =>
          output.out(flags.format === "json" ? `${JSON.stringify(line)}\n` : line.text),
        );
      });
    });
}
