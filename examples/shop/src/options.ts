// The command line of the shop.
import { parseArgs } from "node:util";
import { ClewError } from "@clew/base";

/** What the command line asks for. */
export interface Options {
  /** Mean requests per second. */
  ratePerSecond: number;
  /** Stop after so many milliseconds; undefined runs until Ctrl-C. */
  durationMs: number | undefined;
  /** Port of the storefront; undefined for a free one. */
  port: number | undefined;
  /** Nothing goes wrong by chance. */
  calm: boolean;
  verbose: boolean;
  help: boolean;
}

const MAX_RATE = 200;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** The text for --help. */
export const USAGE: string = `Lanternfish Books: a small shop that sends real traces.

  --rate <n>        requests per second of all shoppers together (default 5, at most ${MAX_RATE})
  --duration <time> stop after 30s, 5m, 1h; without it the shop runs until Ctrl-C
  --port <n>        port of the storefront (default: a free one)
  --calm            nothing goes wrong by chance, for checks of what the traces look like
  --verbose         print every log line, not only warnings and errors
  --help            this text

  OTEL_EXPORTER_OTLP_ENDPOINT  where traces and logs go (default http://127.0.0.1:4318)
  OTEL_EXPORTER_OTLP_PROTOCOL  http/protobuf (default) or http/json
  SHOP_CHAOS=1                 every fault happens at least half of the time`;

function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const unit = UNIT_MS[match?.[2] ?? ""];
  if (unit === undefined) {
    throw new ClewError("bad_config", `--duration ${text} is not a time`, {
      hint: "write it as 30s, 5m or 1h",
    });
  }
  return Number(match?.[1]) * unit;
}

function rate(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= MAX_RATE)) {
    throw new ClewError("bad_config", `--rate ${text} is out of range`, {
      hint: `give a number above 0 and up to ${MAX_RATE}`,
    });
  }
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value < 65_536) return value;
  throw new ClewError("bad_config", `--port ${text} is no port`, { hint: "give 1 to 65535" });
}

/** Reads the command line; throws ClewError `bad_config` for what it does not know. */
export function parseOptions(args: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rate: { type: "string", default: "5" },
        duration: { type: "string" },
        port: { type: "string" },
        calm: { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    return {
      ratePerSecond: rate(values.rate),
      durationMs: values.duration === undefined ? undefined : durationMs(values.duration),
      port: values.port === undefined ? undefined : port(values.port),
      calm: values.calm,
      verbose: values.verbose,
      help: values.help,
    };
  } catch (error) {
    if (error instanceof ClewError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new ClewError("bad_config", message, { hint: "try --help", cause: error });
  }
}
