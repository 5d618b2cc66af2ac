// What `clew query` and `clew tail` have in common on the command line.

import { InvalidArgumentError, Option } from "commander";
import { duration } from "../argument-types.ts";
import { queryPort } from "../server-ports.ts";

export interface ServerFlags {
  server: string;
  tenant?: string;
}

function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError("Use a URL such as http://127.0.0.1:4319.");
}

/** The server of this machine, on the port that the environment gives a server. */
export function serverOption(): Option {
  return new Option("--server <url>", "address of Clew's UI and APIs")
    .env("CLEW_URL")
    .argParser(httpUrl)
    .default(`http://127.0.0.1:${queryPort()}`);
}

export function tenantOption(): Option {
  return new Option("--tenant <name>", "ask as this tenant");
}

/** A length of time back from now as the API takes it. */
export function sinceExpression(text: string): string {
  return `now-${Math.round(duration(text))}ms`;
}

/** A time as the API takes it: RFC 3339 or nanoseconds as they are, `-2h` as that long ago. */
export function timeExpression(text: string): string {
  if (text.startsWith("-")) return sinceExpression(text.slice(1));
  if (/^\d{1,19}$/.test(text) || text === "now" || !Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError(
    "Use a time such as 2026-05-01T12:00:00Z, or -2h for two hours ago.",
  );
}

/** Runs `action` with a signal that Ctrl-C and SIGTERM abort. */
export async function interruptible<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => {
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  try {
    return await action(interrupt.signal);
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}
