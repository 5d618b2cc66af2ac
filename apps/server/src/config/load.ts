// From the environment, the YAML file and the defaults to one checked Config, with the origin of each value.
// The environment wins over the file, the file over the default. All that is wrong is reported at once.

import { resolve } from "node:path";
import { nearestName } from "@clew/api";
import { ClewError } from "@clew/base";
import { type Config, configSchema, type Setting, settings } from "./schema.ts";
import { type FileValue, readSettingsFile, yamlValues } from "./yaml-file.ts";

/** Names the settings file. */
export const configFileEnv = "CLEW_CONFIG";
/** Names of the command line's clients and of the tracer, which one shell may hold beside the settings. */
const notOurs = /^CLEW_(URL$|SDK_)/;
/** Read from the working folder when no other file is named. */
export const defaultConfigFile = "clew.yaml";

export interface LoadOptions {
  /** Path given with --config; it must exist. */
  readonly configFile?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** A setting with its value and where that came from: "default", "CLEW_PORT" or "clew.yaml:3". */
export interface ResolvedSetting {
  readonly setting: Setting;
  readonly value: unknown;
  readonly origin: string;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly resolved: readonly ResolvedSetting[];
}

/** Loads the settings. Raises `bad_config` that lists every setting that is unknown or does not fit. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const problems: string[] = [];
  const fromFile = fileValues(options, problems);
  const fromEnv = envValues(options.env, problems);
  const resolved = settings.map((setting) => {
    const name = fromEnv.get(setting.key);
    const line = fromFile.get(setting.key);
    if (name !== undefined) return checked(setting, name.value, setting.env, problems);
    if (line !== undefined) return checked(setting, line.value, line.origin, problems);
    return checked(setting, undefined, "default", problems);
  });
  if (problems.length === 0) checkTogether(resolved, problems);
  if (problems.length > 0) throw badConfig(problems);
  return { config: nested(resolved), resolved };
}

interface Given {
  readonly value: unknown;
  readonly origin: string;
}

function isGroup(key: string): boolean {
  return settings.some((setting) => setting.key.startsWith(`${key}.`));
}

function fileValues(options: LoadOptions, problems: string[]): Map<string, Given> {
  const named = options.configFile ?? (options.env[configFileEnv] || undefined);
  const file = named ?? defaultConfigFile;
  const text = readSettingsFile(resolve(options.cwd, file), named !== undefined);
  const values: FileValue[] = text === undefined ? [] : yamlValues(text, file, isGroup);
  const known = settings.map((setting) => setting.key);
  const found = new Map<string, Given>();
  for (const { key, value, line } of values) {
    const origin = `${file}:${line}`;
    if (known.includes(key)) found.set(key, { value, origin });
    else if (isGroup(key)) problems.push(`${origin}: ${key} must be a map of settings`);
    else problems.push(`${origin}: ${unknown("setting", key, known)}`);
  }
  return found;
}

function envValues(env: LoadOptions["env"], problems: string[]): Map<string, Given> {
  const found = new Map<string, Given>();
  const names = [...settings.map((setting) => setting.env), configFileEnv];
  for (const [name, value] of Object.entries(env)) {
    // An empty variable is how compose files and shells write "not set".
    if (!name.startsWith("CLEW_") || value === undefined || value === "") continue;
    if (name === configFileEnv || notOurs.test(name)) continue;
    const setting = settings.find((candidate) => candidate.env === name);
    if (setting !== undefined) found.set(setting.key, { value, origin: name });
    else problems.push(unknown("environment variable", name, names));
  }
  return found;
}

function withoutPrefix(name: string): string {
  return name.replace(/^CLEW_/, "");
}

function unknown(what: string, name: string, known: readonly string[]): string {
  // CLEW_ is common to all names, so only what follows it tells them apart.
  const nearest = nearestName(withoutPrefix(name), known.map(withoutPrefix));
  const full = known.find((candidate) => withoutPrefix(candidate) === nearest);
  return `unknown ${what} ${name}${full === undefined ? "" : `; did you mean ${full}?`}`;
}

function checked(
  setting: Setting,
  given: unknown,
  origin: string,
  problems: string[],
): ResolvedSetting {
  const result = setting.schema.safeParse(given);
  if (result.success) return { setting, value: result.data, origin };
  const [issue] = result.error.issues;
  const inside = issue?.path.length ? ` (${issue.path.join(".")})` : "";
  const name = origin === setting.env ? origin : `${origin}: ${setting.key}`;
  problems.push(`${name}${inside} ${issueText(issue)}, not ${shown(given)}`);
  return { setting, value: undefined, origin };
}

function issueText(
  issue: { code?: string; message?: string; issues?: readonly { message: string }[] } | undefined,
): string {
  if (issue?.code === "invalid_key")
    return issue.issues?.[0]?.message ?? "has a key that does not fit";
  return issue?.message ?? "does not fit";
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** Rules between settings. */
function checkTogether(resolved: readonly ResolvedSetting[], problems: string[]): void {
  const { tls, port, otlpGrpcPort, otlpHttpPort } = nested(resolved);
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    problems.push("tls.cert and tls.key belong together: set both or neither");
  }
  if (tls.clientCa !== undefined && tls.cert === undefined)
    problems.push("tls.clientCa needs tls.cert and tls.key");
  const ports = Object.entries({ port, otlpGrpcPort, otlpHttpPort }).filter(
    ([, number]) => number !== 0,
  );
  for (const [number, same] of Map.groupBy(ports, ([, value]) => value)) {
    if (same.length < 2) continue;
    problems.push(
      `${same.map(([key]) => key).join(" and ")} are both ${number}; give each listener its own port`,
    );
  }
}

function nested(resolved: readonly ResolvedSetting[]): Config {
  const root: Record<string, unknown> = {};
  for (const { setting, value } of resolved) {
    const names = setting.key.split(".");
    const last = names.pop() as string;
    let target = root;
    for (const name of names) target = (target[name] ??= {}) as Record<string, unknown>;
    if (value !== undefined) target[last] = value;
  }
  return configSchema.parse(root) as unknown as Config;
}

function badConfig(problems: readonly string[]): ClewError {
  const [first = ""] = problems;
  const message =
    problems.length === 1
      ? first
      : `${problems.length} settings are wrong:\n${problems.map((one) => `  ${one}`).join("\n")}`;
  return new ClewError("bad_config", message, {
    hint: "docs/configuration.md lists every setting; clew serve --print-config shows what is set",
  });
}
