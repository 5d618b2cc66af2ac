import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configTable } from "./print.ts";
import { envName, settings } from "./schema.ts";

test("the table in docs/configuration.md is the one the schema makes", () => {
  const document = readFileSync(
    new URL("../../../../docs/configuration.md", import.meta.url),
    "utf8",
  );
  const begin = document.indexOf("| key in clew.yaml");
  const end = document.indexOf("\n\n", begin);
  expect(document.slice(begin, end + 1)).toBe(configTable());
});

test("every setting says what it means, and no two share a name in the environment", () => {
  expect(settings.filter((setting) => setting.description === "")).toEqual([]);
  expect(new Set(settings.map((setting) => setting.env)).size).toBe(settings.length);
});

test.each([
  ["otlpGrpcPort", "CLEW_OTLP_GRPC_PORT"],
  ["tls.clientCa", "CLEW_TLS_CLIENT_CA"],
  ["queryTimeoutMs", "CLEW_QUERY_TIMEOUT_MS"],
])("%s is %s in the environment", (key, env) => {
  expect(envName(key)).toBe(env);
});
