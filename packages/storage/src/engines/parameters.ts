// Names that stand in SQL text because they cannot be bound. Everything is checked here, so that no
// caller can put a statement where a name is expected.

import { ClewError } from "@clew/base";

/** `name` itself. @throws ClewError `internal` unless it is a plain lower-case identifier. */
export function identifier(name: string): string {
  if (/^[a-z_][a-z0-9_]{0,63}$/.test(name)) return name;
  throw new ClewError("internal", `not an identifier: ${JSON.stringify(name.slice(0, 80))}`);
}

/** A ClickHouse string literal. */
export function stringLiteral(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/**
 * An absolute path as a literal for `file()`, which would read globs and archive members into it.
 * @throws ClewError `bad_config` for a path that holds `* ? { } ::` or control characters.
 */
export function pathLiteral(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (!path.startsWith("/") || /[*?{}\u0000-\u001f\u007f]|::/.test(path)) {
    throw new ClewError(
      "bad_config",
      `the data folder's path cannot be used by the store: ${JSON.stringify(path)}`,
      {
        hint: "use an absolute path without * ? { } :: and control characters",
      },
    );
  }
  return stringLiteral(path);
}

/** A deduplication token as a literal. @throws ClewError `internal` unless it is 1..200 of `A-Z a-z 0-9 _ . : -`. */
export function tokenLiteral(token: string): string {
  if (/^[A-Za-z0-9_.:-]{1,200}$/.test(token)) return `'${token}'`;
  throw new ClewError(
    "internal",
    `not a deduplication token: ${JSON.stringify(token.slice(0, 80))}`,
  );
}

/** ` SETTINGS a = 1, b = 'x'`. Names are checked, texts quoted. */
export function settingsClause(settings: Readonly<Record<string, string | number>>): string {
  const parts = Object.entries(settings).map(
    ([name, value]) =>
      `${identifier(name)} = ${typeof value === "number" ? value : stringLiteral(value)}`,
  );
  return parts.length === 0 ? "" : `\nSETTINGS ${parts.join(", ")}`;
}
