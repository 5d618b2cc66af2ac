// Part: what the console says within a span ends with the span's ids. Only where a program wants it, as lines of text are
// read by people and other programs.

import { format } from "node:util";
import { activeFields } from "../logs/helpers.ts";

const METHODS = ["debug", "error", "info", "log", "warn"] as const;

/**
 * What is printed as `args` is, with anything behind it: a format with places that nobody fills would take that, and a
 * text alone is printed as it is.
 */
function closed(args: unknown[]): unknown[] {
  const [text, ...values] = args;
  if (typeof text !== "string" || !text.includes("%")) return args;
  return ["%s", values.length === 0 ? text : format(...args)];
}

/** Begins; returns what takes it back. */
export function nameConsoleLines(): () => void {
  const originals = METHODS.map((name) => [name, console[name]] as const);
  const patched = new Map<string, unknown>();
  for (const [name, original] of originals) {
    const write = function (this: unknown, ...args: unknown[]): void {
      const fields = Object.entries(activeFields()).map(([key, value]) => `${key}=${value}`);
      original.apply(console, fields.length === 0 ? args : [...closed(args), fields.join(" ")]);
    };
    Object.defineProperty(write, "name", { value: name });
    patched.set(name, write);
    console[name] = write;
  }
  return () => {
    for (const [name, original] of originals) {
      if (console[name] === patched.get(name)) console[name] = original;
    }
  };
}
