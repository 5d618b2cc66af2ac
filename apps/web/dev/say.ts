// Output of the scripts here.

import { inspect } from "node:util";

/** Prints one line. */
export function say(what: unknown): void {
  process.stdout.write(`${typeof what === "string" ? what : inspect(what)}\n`);
}
