// The YAML file of settings: its keys as dotted names with the line each stands on.

import { readFileSync } from "node:fs";
import { ClewError } from "@clew/base";
import { isMap, isScalar, LineCounter, parseDocument, type YAMLMap } from "yaml";

export interface FileValue {
  readonly key: string;
  readonly value: unknown;
  /** 1-based line of the key. */
  readonly line: number;
}

/** Keys of the file that are maps of settings rather than settings, such as `tls`. */
type IsGroup = (key: string) => boolean;

/**
 * Reads the settings of a YAML text. A key without a value counts as absent. Raises `bad_config` with the
 * line for text that is not one YAML map.
 */
export function yamlValues(text: string, file: string, isGroup: IsGroup): FileValue[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, stringKeys: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const reason = (error.message.split("\n", 1)[0] ?? "").replace(
      / at line \d+, column \d+:$/,
      "",
    );
    throw new ClewError(
      "bad_config",
      `${file}:${lines.linePos(error.pos[0]).line}: this is not YAML: ${reason}`,
    );
  }
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return [];
  if (!isMap(contents))
    throw new ClewError("bad_config", `${file}: the file must be a map of settings`);
  return valuesOf(contents, "", lines, isGroup, (node) => document.createNode(node).toJS(document));
}

function valuesOf(
  map: YAMLMap,
  prefix: string,
  lines: LineCounter,
  isGroup: IsGroup,
  plain: (node: unknown) => unknown,
): FileValue[] {
  return map.items.flatMap((pair) => {
    const name = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
    const offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
    const key = prefix + name;
    if (isGroup(key) && isMap(pair.value))
      return valuesOf(pair.value, `${key}.`, lines, isGroup, plain);
    const value = plain(pair.value);
    return value === null || value === undefined
      ? []
      : [{ key, value, line: lines.linePos(offset).line }];
  });
}

/** Text of a settings file; undefined when it is not there and need not be. Raises `bad_config`. */
export function readSettingsFile(path: string, required: boolean): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (code === "ENOENT" && !required) return undefined;
    const reason =
      code === "ENOENT" ? "it does not exist" : code === "EISDIR" ? "it is a folder" : code;
    throw new ClewError("bad_config", `cannot read the settings file ${path}: ${reason}`, {
      cause,
    });
  }
}
