// Settings as text: `clew serve --print-config`, and the table of docs/configuration.md.

import type { ResolvedSetting } from "./load.ts";
import { type Setting, settings } from "./schema.ts";

function valueText(value: unknown): string {
  if (value === undefined) return "(not set)";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** One line a setting: key, value, origin, in columns. */
export function printConfig(resolved: readonly ResolvedSetting[]): string {
  const rows = resolved.map(({ setting, value, origin }) => [
    setting.key,
    valueText(value),
    origin,
  ]);
  const width = (column: number): number =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const [keys, values] = [width(0), Math.min(width(1), 60)];
  return rows
    .map(
      ([key = "", value = "", origin = ""]) =>
        `${key.padEnd(keys)}  ${value.padEnd(values)}  ${origin}\n`,
    )
    .join("");
}

function defaultText(setting: Setting): string {
  const value: unknown = setting.schema.safeParse(undefined).data;
  if (value === undefined) return "";
  if (Array.isArray(value) || typeof value === "object") return "none";
  const bytes = setting.key.endsWith("Bytes") ? ` (${Number(value) / 1024 / 1024} MiB)` : "";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\`${bytes}`;
}

/** The Markdown table of all settings, as docs/configuration.md holds it. */
export function configTable(): string {
  const rows = settings.map(
    (setting) =>
      `| \`${setting.key}\` | \`${setting.env}\` | ${defaultText(setting)} | ${setting.description} |\n`,
  );
  return `| key in clew.yaml | environment | default | meaning |\n|---|---|---|---|\n${rows.join("")}`;
}
