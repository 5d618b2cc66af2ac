// `clew query`: TraceQL in; a table, JSON or a waterfall out.

import { parse, type Query } from "@clew/traceql";
import { type Command, Option } from "commander";
import { whole } from "../argument-types.ts";
import type { CliOutput } from "../cli-output.ts";
import type { ClewClient } from "./clew-client.ts";
import {
  interruptible,
  type ServerFlags,
  serverOption,
  sinceExpression,
  tenantOption,
  timeExpression,
} from "./query-flags.ts";

type Format = "table" | "json" | "waterfall";

interface Flags extends ServerFlags {
  since: string;
  from?: string;
  to: string;
  limit: number;
  spans: number;
  sort: "newest" | "slowest";
  cursor?: string;
  step?: string;
  instant?: true;
  format: Format;
}

const TRACE_ID = /^[0-9a-f]{32}$/i;

/** Adds the `query` subcommand. */
export function addQueryCommand(program: Command, output: CliOutput): void {
  program
    .command("query")
    .argument("<traceql>", "a TraceQL query, or a trace id of 32 hex digits")
    .summary("ask a running server in TraceQL; traces, time series, or one trace as a waterfall")
    .description(
      "Asks a running Clew server in TraceQL. A query that ends in a metrics function (rate, quantile_over_time ...)\n" +
        "gives time series, any other traces. A trace id gives that trace as a waterfall.",
    )
    .addOption(serverOption())
    .addOption(tenantOption())
    .addOption(
      new Option("--since <time>", "how far back to look")
        .argParser(sinceExpression)
        .default("now-1h", "1h"),
    )
    .option("--from <time>", "start instead of --since: RFC 3339, or -2h", timeExpression)
    .option("--to <time>", "end", timeExpression, "now")
    .option("--limit <n>", "traces to show", whole(1, 1000), 20)
    .option("--spans <n>", "matching spans to show of each trace; 0 for none", whole(0, 10_000), 3)
    .addOption(
      new Option("--sort <order>", "newest or slowest")
        .choices(["newest", "slowest"])
        .default("newest"),
    )
    .option("--cursor <text>", "go on where a page ended (nextCursor of --format json)")
    .option("--step <time>", "width of a point of time series, such as 30s")
    .option("--instant", "one value over the whole range instead of a time series")
    .addOption(
      new Option("--format <name>", "table, json, or waterfall of each trace")
        .choices(["table", "json", "waterfall"])
        .default("table"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  clew query '{ status = error && resource.service.name = \"checkout\" }'\n" +
        "  clew query --since 24h '{ span.http.route = \"/cart\" } | rate() by(span:status)'\n" +
        "  clew query --format waterfall --limit 1 --sort slowest '{ kind = server }'\n" +
        "\nExit code 1 when the server refuses the query or does not answer; 2 for wrong arguments.",
    )
    .action(async (text: string, flags: Flags) => {
      const { ClewClient } = await import("./clew-client.ts");
      await interruptible(async (signal) => {
        const { server, tenant } = flags;
        const client = new ClewClient({ server, tenant, signal });
        if (TRACE_ID.test(text)) await showTrace(client, text.toLowerCase(), flags, output);
        else await showAnswer(client, text, parse(text), flags, output);
      });
    });
}

async function showAnswer(
  client: ClewClient,
  text: string,
  query: Query,
  flags: Flags,
  output: CliOutput,
): Promise<void> {
  const range = { start: flags.from ?? flags.since, end: flags.to };
  if (query.kind === "metrics") {
    const { step, instant = false, format } = flags;
    const result = await client.metrics({ query: text, ...range, step, instant });
    if (format === "json") return json(result, output);
    const { metricsText } = await import("./series-table.ts");
    return output.out(metricsText(result));
  }
  const { limit, sort, cursor, format } = flags;
  const spansPerSpanset = Math.max(1, flags.spans);
  const result = await client.search({
    query: text,
    ...range,
    limit,
    spansPerSpanset,
    sort,
    cursor,
  });
  if (format === "json") return json(result, output);
  const { searchText } = await import("./trace-table.ts");
  if (format === "table" || result.traces.length === 0)
    return output.out(searchText(result, flags.spans > 0));
  for (const { traceId } of result.traces) await showTrace(client, traceId, flags, output);
}

async function showTrace(
  client: ClewClient,
  traceId: string,
  flags: Flags,
  output: CliOutput,
): Promise<void> {
  if (flags.format === "json") return output.out(`${await client.traceJson(traceId)}\n`);
  const batch = await client.trace(traceId);
  const { waterfallText } = await import("./waterfall.ts");
  output.out(`${client.traceUrl(traceId)}\n`);
  output.out(waterfallText(batch, process.stdout.columns ?? 120));
}

function json(value: unknown, output: CliOutput): void {
  output.out(`${JSON.stringify(value, undefined, 2)}\n`);
}
