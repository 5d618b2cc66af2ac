// The process's log: pino's JSON, one object a line, or the same as short lines when a person watches.

import { styleText } from "node:util";
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";

export type Log = Logger;

/** What a log writes to; a terminal gets readable lines. */
export interface LogTarget {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** A log at `level`, to standard error by default so that standard output stays for answers. */
export function createLog(level: string, target: LogTarget = process.stderr): Log {
  const destination: DestinationStream =
    target.isTTY === true
      ? { write: (line) => void target.write(readableLine(line)) }
      : { write: (line) => void target.write(line) };
  return pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, destination);
}

const levels: Readonly<
  Record<number, readonly [name: string, color: "gray" | "green" | "yellow" | "red"]>
> = {
  10: ["TRACE", "gray"],
  20: ["DEBUG", "gray"],
  30: ["INFO ", "green"],
  40: ["WARN ", "yellow"],
  50: ["ERROR", "red"],
  60: ["FATAL", "red"],
};

// oxlint-disable-next-line no-control-regex -- they are what must not reach a terminal
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Text with every control and direction character written out, so that a log line cannot steer a terminal. */
export function escapeControls(text: string): string {
  return text.replaceAll(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** One of pino's JSON lines as a line for people. */
export function readableLine(json: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const [name, color] = levels[Number(level)] ?? ["LOG  ", "green"];
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const text = escapeControls([typeof msg === "string" ? msg : "", ...fields].join(" "));
  const colored = styleText(color, name, { validateStream: false });
  return `${String(time).slice(11, 23)} ${colored} ${text}${errorLines(err)}\n`;
}

function errorLines(err: unknown): string {
  if (typeof err !== "object" || err === null || !("stack" in err)) return "";
  const lines = String(err.stack).split("\n").map(escapeControls);
  return `\n    ${lines.join("\n    ")}`;
}
