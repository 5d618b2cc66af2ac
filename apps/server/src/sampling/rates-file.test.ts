// Rates on the disk: the operator's file and Clew's own, good and broken.

import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noRates, type TenantRates } from "@clew/api";
import { ClewError } from "@clew/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RatesNews, ratesOf, readRatesFile, watchRatesFile } from "./rates-file.ts";
import { loadStoredRates, saveStoredRates } from "./stored-rates.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clew-rates-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function problem(text: string): string {
  try {
    ratesOf(text, "rates.yaml");
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ClewError);
    return (thrown as ClewError).message;
  }
  throw new Error("the rates were taken");
}

const YAML = `default:
  probability: 0.5
services:
  cart: {targetPerSecond: 5, perOperation: true}
  __proto__: {tracesPerSecond: 10}
  search:
    operations:
      "GET /health": 0
`;

describe("the file of rates", () => {
  test("is YAML or JSON, and says the same in both", () => {
    const yaml = ratesOf(YAML, "rates.yaml");
    expect(yaml.default).toEqual({ probability: 0.5 });
    expect([...yaml.services]).toEqual([
      ["cart", { targetPerSecond: 5, perOperation: true }],
      ["__proto__", { tracesPerSecond: 10 }],
      ["search", { operations: { "GET /health": 0 } }],
    ]);
    const document = {
      default: yaml.default,
      services: Object.fromEntries(yaml.services),
    };
    expect(ratesOf(JSON.stringify(document), "rates.json")).toEqual(yaml);
    expect(ratesOf("", "empty.yaml")).toEqual(noRates);
  });

  test.each([
    [
      "services:\n  cart:\n    probability: 1.5\n",
      "rates.yaml:3: services.cart.probability must be a number from 0 to 1",
    ],
    [
      'services:\n  cart:\n    operations:\n      "GET /": .nan\n',
      "rates.yaml:4: services.cart.operations.GET / must be a number from 0 to 1",
    ],
    ["\ndefault: {}\nservice: {}\n", "rates.yaml:3: service is unknown"],
    [
      "services:\n  cart: {probabilty: 1}\n",
      "rates.yaml:2: services.cart has unknown keys: probabilty",
    ],
    ["a: [\n", "rates.yaml:2: this is neither YAML nor JSON"],
    ["services:\n  a: {}\n  a: {}\n", "rates.yaml:3: a stands there twice"],
    ["- 1\n", "rates.yaml:1: the file must be a map"],
    ['{"services": {"a": {"probability": 2}}}', "rates.yaml:1: services.a.probability must be"],
    ["&a [*a]", "rates.yaml:1"],
  ])("says the place of what is wrong: %j", (text, message) => {
    expect(problem(text)).toContain(message);
  });

  test("may have very many services", { timeout: 30_000 }, () => {
    const services = Array.from({ length: 50_000 }, (_, i) => `  service-${i}: {probability: 0.5}`);
    const startMs = performance.now();
    expect(ratesOf(`services:\n${services.join("\n")}`, "rates.yaml").services.size).toBe(50_000);
    // A second or two; a minute and more where every key is compared with every other.
    expect(performance.now() - startMs).toBeLessThan(20_000);
  });

  test("says all mistakes at once, and that it is not there", () => {
    expect(problem("default: {probability: 2}\nservices:\n  a: 1\n").split("\n")).toHaveLength(2);
    expect(() => readRatesFile(join(folder, "none.yaml"))).toThrow("cannot read the file");
  });

  test("is read again when it changes, also when another takes its place", {
    timeout: 30_000,
  }, async () => {
    const path = join(folder, "rates.yaml");
    writeFileSync(path, YAML);
    let heard = Promise.withResolvers<RatesNews>();
    const stop = watchRatesFile(path, (news) => heard.resolve(news));
    try {
      writeFileSync(path, "default: {probability: 0.25}");
      expect(await heard.promise).toMatchObject({ rates: { default: { probability: 0.25 } } });
      heard = Promise.withResolvers();
      writeFileSync(path, "default: {probability: 25}");
      expect(await heard.promise).toEqual({
        error: `${path}:1: default.probability must be a number from 0 to 1`,
      });
      heard = Promise.withResolvers();
      writeFileSync(`${path}.new`, "default: {probability: 0.75}");
      renameSync(`${path}.new`, path);
      expect(await heard.promise).toMatchObject({ rates: { default: { probability: 0.75 } } });
    } finally {
      stop();
    }
  });
});

describe("rates set through the API", () => {
  const rates: TenantRates = new Map([
    [
      "default",
      {
        default: { probability: 0.5 },
        services: new Map([
          ["__proto__", { tracesPerSecond: 3 }],
          ["\u0000", { targetPerSecond: 5, operations: { "GET /": 0 } }],
        ]),
      },
    ],
    ["team-a", { default: undefined, services: new Map([["cart", { probability: 1 }]]) }],
  ]);

  test("are the same after a restart", async () => {
    expect(await loadStoredRates(folder)).toEqual({ rates: new Map() });
    await saveStoredRates(folder, rates);
    expect(await loadStoredRates(folder)).toEqual({ rates });
    expect(readdirSync(folder)).toEqual(["sampling.json"]);
  });

  test("are set aside when they cannot be read, and neither lost nor in the way", async () => {
    await saveStoredRates(folder, rates);
    const path = join(folder, "sampling.json");
    const torn = readFileSync(path, "utf8").slice(0, 40);
    writeFileSync(path, torn);
    expect(await loadStoredRates(folder)).toEqual({ rates: new Map(), damaged: `${path}.damaged` });
    expect(readFileSync(`${path}.damaged`, "utf8")).toBe(torn);
  });

  test("are refused with a reason when the folder cannot be written", async () => {
    const saving = saveStoredRates(join(folder, "none"), rates);
    await expect(saving).rejects.toMatchObject({ code: "unavailable" });
  });
});
