// Answers for language models: compact text, of bounded length, that says when something was left out.

import type { AnyValue } from "@clew/codec";

/** About 6,000 tokens. */
export const longestAnswer = 24_000;
const longestValue = 500;

/** Lines up to the longest answer, with a note on what is missing. `hint`: how to ask for less. */
export function bounded(lines: readonly string[], hint: string): string {
  let length = 0;
  const shown: string[] = [];
  for (const line of lines) {
    if (length + line.length > longestAnswer) {
      return `${shown.join("\n")}\n[truncated: ${lines.length - shown.length} more lines. ${hint}]`;
    }
    shown.push(line);
    length += line.length + 1;
  }
  return shown.join("\n");
}

/** A duration at three digits: `1.23s`, `45.6ms`. */
export function durationText(nano: number): string {
  for (const [unit, size] of [
    ["s", 1e9],
    ["ms", 1e6],
    ["us", 1e3],
  ] as const)
    if (Math.abs(nano) >= size) return `${Number((nano / size).toPrecision(3))}${unit}`;
  return `${Math.round(nano)}ns`;
}

/** A time as ISO 8601 in UTC, to the millisecond. */
export function timeText(nano: bigint): string {
  return new Date(Number(nano / 1_000_000n)).toISOString();
}

/** A number that is easy to read: at most four digits. */
export function numberText(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** One line, at most so many characters. */
export function clipped(text: string, most: number = longestValue): string {
  const line = text.replaceAll("\n", "\\n");
  return line.length <= most ? line : `${line.slice(0, most)}...[${line.length} characters]`;
}

export function valueText(value: AnyValue): string {
  return clipped(plainText(value));
}

function plainText(value: AnyValue): string {
  switch (value.type) {
    case "empty":
      return "";
    case "string":
      return value.value;
    case "bool":
    case "int":
    case "double":
      return String(value.value);
    case "bytes":
      return `${value.value.length} bytes`;
    case "array":
      return `[${value.items.map(plainText).join(", ")}]`;
    case "kvlist":
      return `{${value.entries.map(([key, item]) => `${key}: ${plainText(item)}`).join(", ")}}`;
  }
}
