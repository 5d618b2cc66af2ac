import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClewError } from "@clew/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LoadedConfig, loadConfig } from "./load.ts";
import { printConfig } from "./print.ts";

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "clew-config-"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function load(env: Record<string, string> = {}, yaml?: string, configFile?: string): LoadedConfig {
  if (yaml !== undefined) writeFileSync(join(cwd, configFile ?? "clew.yaml"), yaml);
  return loadConfig({ env, cwd, configFile });
}

function problem(env: Record<string, string>, yaml?: string, configFile?: string): string {
  try {
    load(env, yaml, configFile);
  } catch (error) {
    expect(error).toBeInstanceOf(ClewError);
    expect((error as ClewError).code).toBe("bad_config");
    return (error as ClewError).message;
  }
  throw new Error("the settings were accepted");
}

describe("settings", () => {
  test("have defaults that take connections from this machine only", () => {
    const { config } = load();
    expect(config).toMatchObject({
      dataDir: "./data",
      host: "127.0.0.1",
      port: 4319,
      otlpGrpcPort: 4317,
      otlpHttpPort: 4318,
      retentionDays: 14,
      retention: { tenants: {} },
      tls: {},
      corsOrigins: [],
    });
  });

  test("come from the file, and from the environment where both name one", () => {
    const yaml =
      "port: 9000\nlogLevel: debug\ntls:\n  cert: c.pem\n  key: k.pem\nretention:\n  tenants: {team-a: 30}\n";
    const { config } = load({ CLEW_PORT: "9001" }, yaml);
    expect(config).toMatchObject({
      port: 9001,
      logLevel: "debug",
      tls: { cert: "c.pem", key: "k.pem" },
      retention: { tenants: { "team-a": 30 } },
    });
  });

  test("with lists, maps and sizes have a form for the environment", () => {
    const { config } = load({
      CLEW_CORS_ORIGINS: "https://shop.example, http://localhost:8080",
      CLEW_RETENTION_TENANTS: "team-a=30, team-b=7",
      CLEW_MAX_REQUEST_BYTES: "16MiB",
      CLEW_SPOOL_MAX_BYTES: "2GB",
      CLEW_TENANT_HEADER: "X-Team",
    });
    expect(config.corsOrigins).toEqual(["https://shop.example", "http://localhost:8080"]);
    expect(config.retention.tenants).toEqual({ "team-a": 30, "team-b": 7 });
    expect(config.maxRequestBytes).toBe(16_777_216);
    expect(config.spoolMaxBytes).toBe(2_000_000_000);
    expect(config.tenantHeader).toBe("x-team");
  });

  test("that are empty in the environment or without a value in the file are not set", () => {
    expect(load({ CLEW_PORT: "" }, "host:\n").config).toMatchObject({
      port: 4319,
      host: "127.0.0.1",
    });
    expect(load({}, "# nothing yet\n").config.port).toBe(4319);
  });

  test("are read from the file that --config or CLEW_CONFIG names, the former first", () => {
    load({}, "port: 1001\n", "a.yaml");
    load({}, "port: 1002\n", "b.yaml");
    expect(load({ CLEW_CONFIG: "b.yaml" }).config.port).toBe(1002);
    expect(
      loadConfig({ env: { CLEW_CONFIG: "b.yaml" }, cwd, configFile: "a.yaml" }).config.port,
    ).toBe(1001);
  });

  test("say where each value came from when printed", () => {
    const text = printConfig(load({ CLEW_HOST: "0.0.0.0" }, "# ports\nport: 9000\n").resolved);
    const lines = text.split("\n").map((line) => line.split(/ {2,}/));
    expect(lines).toContainEqual(["host", "0.0.0.0", "CLEW_HOST"]);
    expect(lines).toContainEqual(["port", "9000", "clew.yaml:2"]);
    expect(lines).toContainEqual(["otlpHttpPort", "4318", "default"]);
    expect(lines).toContainEqual(["tls.cert", "(not set)", "default"]);
  });
});

test("names of the tracer and of the command line's clients may stand beside the settings", () => {
  const env = {
    CLEW_URL: "http://localhost:9000",
    CLEW_SDK_SPILL: "/tmp/spill",
    CLEW_PORT: "9000",
  };
  expect(load(env).config.port).toBe(9000);
});

describe("a setting that cannot be is a start-up error:", () => {
  test.each<[string, Record<string, string>, string]>([
    [
      "an unknown name",
      { CLEW_POTR: "1" },
      "unknown environment variable CLEW_POTR; did you mean CLEW_PORT?",
    ],
    ["a name near to none", { CLEW_COLOUR: "1" }, "unknown environment variable CLEW_COLOUR"],
    [
      "a port with letters",
      { CLEW_PORT: "80a" },
      'CLEW_PORT must be a whole number from 0 to 65535, not "80a"',
    ],
    [
      "a port too high",
      { CLEW_PORT: "70000" },
      'CLEW_PORT must be a whole number from 0 to 65535, not "70000"',
    ],
    [
      "an unknown level",
      { CLEW_LOG_LEVEL: "loud" },
      'CLEW_LOG_LEVEL must be one of trace, debug, info, warn, error, silent, not "loud"',
    ],
    [
      "a size without sense",
      { CLEW_MAX_REQUEST_BYTES: "12 parsecs" },
      'CLEW_MAX_REQUEST_BYTES must be a number of bytes, at least 1024, such as 67108864 or 64MiB, not "12 parsecs"',
    ],
    [
      "an origin with a path",
      { CLEW_CORS_ORIGINS: "https://a.example/x" },
      'CLEW_CORS_ORIGINS (0) must be * or an origin such as https://shop.example, not "https://a.example/x"',
    ],
    [
      "a tenant map without days",
      { CLEW_RETENTION_TENANTS: "team-a" },
      'CLEW_RETENTION_TENANTS must map tenants to days, such as team-a=30,team-b=7, not "team-a"',
    ],
    [
      "a tenant that is none",
      { CLEW_RETENTION_TENANTS: "team a=3" },
      'CLEW_RETENTION_TENANTS (team a) a tenant is 1 to 64 letters, digits, dots, underscores and dashes, not "team a=3"',
    ],
    [
      "a certificate without key",
      { CLEW_TLS_CERT: "c.pem" },
      "tls.cert and tls.key belong together: set both or neither",
    ],
    [
      "client certificates without TLS",
      { CLEW_TLS_CLIENT_CA: "ca.pem" },
      "tls.clientCa needs tls.cert and tls.key",
    ],
    [
      "one port twice",
      { CLEW_PORT: "4317" },
      "port and otlpGrpcPort are both 4317; give each listener its own port",
    ],
    [
      "a header that is always read",
      { CLEW_TENANT_HEADER: "X-Clew-Tenant" },
      "x-clew-tenant is always read",
    ],
  ])("%s", (_what, env, message) => {
    expect(problem(env)).toContain(message);
  });

  test.each<[string, string, string]>([
    [
      "an unknown key",
      "port: 1\nretntionDays: 3\n",
      "clew.yaml:2: unknown setting retntionDays; did you mean retentionDays?",
    ],
    [
      "an unknown key in a map",
      "tls:\n  certt: a\n",
      "clew.yaml:2: unknown setting tls.certt; did you mean tls.cert?",
    ],
    [
      "a map where a value belongs",
      "port: {a: 1}\n",
      'clew.yaml:1: port must be a whole number from 0 to 65535, not {"a":1}',
    ],
    ["a value where a map belongs", "tls: yes\n", "clew.yaml:1: tls must be a map of settings"],
    ["a wrong type", "logLevel: 3\n", "clew.yaml:1: logLevel must be one of"],
    ["a number for a text", "host: 3\n", "clew.yaml:1: host must be a text, not 3"],
    ["a file that is no map", "- a\n- b\n", "clew.yaml: the file must be a map of settings"],
    [
      "a key given twice",
      "port: 1\nport: 2\n",
      "clew.yaml:2: this is not YAML: Map keys must be unique",
    ],
    ["a broken file", "port: 1\nhost: [\n", "clew.yaml:3: this is not YAML:"],
  ])("%s in the file, with its line", (_what, yaml, message) => {
    expect(problem({}, yaml)).toContain(message);
  });

  test("a file that is named but not there", () => {
    expect(() => loadConfig({ env: {}, cwd, configFile: "no.yaml" })).toThrow(
      "no.yaml: it does not exist",
    );
    expect(() => loadConfig({ env: { CLEW_CONFIG: "." }, cwd })).toThrow(`${cwd}: it is a folder`);
  });

  test("and several are all reported at once", () => {
    const message = problem({ CLEW_POTR: "1", CLEW_LOG_LEVEL: "loud" }, "tlss: 1\n");
    expect(message).toMatch(
      /^3 settings are wrong:\n {2}clew\.yaml:1: .*tlss.*\n {2}.*CLEW_POTR.*\n {2}CLEW_LOG_LEVEL/,
    );
  });
});
