// The last words of a process that cannot start or go on: message and hint, and the stack only for bugs.

import { ClewError } from "@clew/base";
import { escapeControls } from "./log.ts";

/** What to print for a fatal error, for people. */
export function fatalText(thrown: unknown): string {
  const error = ClewError.from(thrown);
  const message = error.message.split("\n").map(escapeControls).join("\n");
  if (error.code !== "internal") {
    return `clew: ${message}\n${error.hint === undefined ? "" : `  ${escapeControls(error.hint)}\n`}`;
  }
  const cause = error.cause instanceof Error ? error.cause : error;
  const stack = (cause.stack ?? "").split("\n").slice(1).map(escapeControls).join("\n");
  return `clew: ${message}\n  This is a bug in Clew; please report it with the lines below.\n${stack}\n`;
}

/** Prints a fatal error to standard error and makes the process's exit code 1. */
export function reportFatal(thrown: unknown): void {
  process.stderr.write(fatalText(thrown));
  process.exitCode = 1;
}
