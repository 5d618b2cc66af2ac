// `clew load`: options of the load generator, its progress on stderr and its report on stdout.

import { type Command, Option } from "commander";
import { duration, durationOption, instant, share, whole } from "../argument-types.ts";
import type { LoadOptions, TransportName } from "./load-options.ts";
import type { LoadObserver } from "./run-load.ts";

interface Flags {
  transport: TransportName;
  endpoint?: string;
  rate?: number;
  duration?: number;
  spans?: number;
  batch: number;
  concurrency: number;
  senders?: number;
  perRequest?: number;
  interval: number;
  gzip?: true;
  seed: number;
  startTime?: bigint;
  timeSpan?: number;
  tenant?: string;
  worker: number;
  sampled: number;
  giants: number;
  timeout: number;
  giveUpAfter: number;
  reportAcked?: string;
  json?: true;
  quiet?: true;
}

const count = whole(1, 1e12);

/** Adds the `load` subcommand. */
export function addLoadCommand(program: Command): void {
  program
    .command("load")
    .summary("send realistic traces to a collector, as fast as it takes them or at a set rate")
    .description(
      "Sends the traces of an invented bookshop with parcel delivery: 16 services, their databases and queues.\n" +
        "The same seed gives the same spans. Without --spans or --duration it runs until Ctrl-C.",
    )
    .addOption(
      new Option("--transport <name>", "grpc, http (protobuf) or json")
        .choices(["grpc", "http", "json"])
        .default("grpc"),
    )
    .option(
      "--endpoint <url>",
      "where to send (default: 127.0.0.1 port 4317 for grpc, 4318 for http and json)",
    )
    .option(
      "--rate <spans/s>",
      "spans a second; 0 is as fast as possible (default: 0)",
      whole(0, 1e9),
    )
    .option("--duration <time>", "stop after this long, such as 60s", duration)
    .option("--spans <n>", "stop after exactly this many spans, such as 10M", count)
    .option("--batch <n>", "most spans in one request", whole(1, 100_000), 512)
    .option("--concurrency <n>", "requests in flight at the same time", whole(1, 10_000), 8)
    .option(
      "--senders <n>",
      "act as many small senders, each with a connection of its own",
      whole(1, 10_000),
    )
    .option(
      "--per-request <n>",
      "with --senders: most spans in one request (default: 5)",
      whole(1, 100_000),
    )
    .addOption(durationOption("--interval <time>", "with --senders: how often each sends", "100ms"))
    .option("--gzip", "compress requests")
    .option("--seed <n>", "which spans to make", whole(0, Number.MAX_SAFE_INTEGER), 1)
    .option(
      "--start-time <time>",
      "time of the first spans: RFC 3339, or -24h for a day ago (default: now)",
      (text: string) => instant(text),
    )
    .option("--time-span <time>", "spread the spans' times over this long, such as 24h", duration)
    .option("--tenant <name>", "send as this tenant (header X-Scope-OrgID)")
    .option("--worker <n>", "generator threads; 0 generates in the sending thread", whole(0, 64), 1)
    .option(
      "--sampled <share>",
      "share of traces with a sampling threshold in tracestate",
      share,
      0,
    )
    .option("--giants <share>", "share of traces with 10,000 spans", share, 1 / 20_000)
    .addOption(
      durationOption(
        "--timeout <time>",
        "send a request again when it stays unanswered this long",
        "30s",
      ),
    )
    .addOption(
      durationOption(
        "--give-up-after <time>",
        "give a request up when it keeps failing this long",
        "60s",
      ),
    )
    .option("--report-acked <file>", "write every acknowledged request to this file (JSON lines)")
    .option("--json", "print the report as JSON")
    .option("--quiet", "no progress on stderr")
    .addHelpText(
      "after",
      "\nExit code 1 when spans were rejected, given up, or unanswered at the end; 2 for wrong arguments.\n" +
        "A trace's spans arrive in the requests of several services, as from real exporters. When --duration\n" +
        "ends a run without --rate, the last traces are incomplete.",
    )
    .action(async (flags: Flags) => {
      process.exitCode = await load(flags);
    });
}

function optionsOf(flags: Flags): Partial<LoadOptions> {
  return {
    transport: flags.transport,
    ...(flags.endpoint === undefined ? {} : { endpoint: flags.endpoint }),
    rate: flags.rate ?? 0,
    durationMs: flags.duration,
    spans: flags.spans,
    batch: flags.senders === undefined ? flags.batch : (flags.perRequest ?? 5),
    concurrency: flags.concurrency,
    senders: flags.senders,
    intervalMs: flags.interval,
    gzip: flags.gzip ?? false,
    seed: flags.seed,
    startNano: flags.startTime,
    timeSpanMs: flags.timeSpan,
    tenant: flags.tenant,
    workers: flags.worker,
    sampled: flags.sampled,
    giants: flags.giants,
    timeoutMs: flags.timeout,
    giveUpAfterMs: flags.giveUpAfter,
  };
}

async function load(flags: Flags): Promise<number> {
  const { AckedLog, completeOptions, planOf, reportText, runLoad } = await import("./index.ts");
  const options = optionsOf(flags);
  const plan = planOf(completeOptions(options));
  const log = flags.reportAcked === undefined ? undefined : new AckedLog(flags.reportAcked, plan);
  const interrupt = new AbortController();
  const onInterrupt = (): void => {
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  const observer: LoadObserver = {
    signal: interrupt.signal,
    ...(log === undefined ? {} : { onAcked: (request) => log.add(request) }),
    ...(flags.quiet === true ? {} : { onProgress: await progress() }),
  };
  try {
    const report = await runLoad(options, observer);
    if (flags.quiet !== true && process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    process.stdout.write(`${flags.json === true ? JSON.stringify(report) : reportText(report)}\n`);
    const lost = report.failedRequests > 0 || report.rejectedSpans > 0;
    return lost || (report.unansweredRequests > 0 && !interrupt.signal.aborted) ? 1 : 0;
  } finally {
    log?.close();
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}

/** One line that renews itself on a terminal, a line a second elsewhere. */
async function progress(): Promise<NonNullable<LoadObserver["onProgress"]>> {
  const { progressLine } = await import("./load-report.ts");
  let spans = 0;
  let at = 0;
  return (counters, seconds) => {
    const rate = (counters.acknowledgedSpans - spans) / Math.max(0.001, seconds - at);
    spans = counters.acknowledgedSpans;
    at = seconds;
    const line = progressLine(counters, seconds, rate);
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
  };
}
