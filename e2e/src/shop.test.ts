// The demo as its users run it: Clew, the shop on `@clew/sdk` with its helpers, and `clew verify` with the shop's own plan,
// which proves that the traces are whole over HTTP, gRPC, PostgreSQL, MQTT and a queue of work.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort, ServerProcess } from "./server-process.ts";
import { until } from "./until.ts";

const CLI = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));
const PLAN = fileURLToPath(new URL("../../examples/shop/verify.yaml", import.meta.url));
const OPEN_MS = 40_000;
const VERIFY_MS = 90_000;

const ARRIVAL_MS = 15_000;

interface Health {
  readonly spans: number;
  readonly orphanSpans: number;
  readonly duplicateSpans: number;
  readonly propagation: readonly { readonly brokenCalls: number }[];
}

let server: ServerProcess;
let shop: ChildProcess;
let shopOutput = "";
let folder: string;
let plan: string;

function clew(args: readonly string[]): ChildProcess {
  const { NODE_OPTIONS: _, CLEW_URL: __, ...env } = process.env;
  return spawn(process.execPath, [CLI, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "clew-e2e-shop-"));
  const port = await freePort();
  plan = join(folder, "verify.yaml");
  await writeFile(plan, (await readFile(PLAN, "utf8")).replaceAll(":8090/", `:${port}/`));
  server = await ServerProcess.start();
  const options = ["--calm", "--rate", "1", "--port", String(port)];
  shop = clew(["demo", "--endpoint", server.otlpHttpUrl, "--", ...options]);
  for (const stream of [shop.stdout, shop.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      shopOutput += text;
    });
  }
  await until("the shop is open", OPEN_MS, async () => {
    if (shop.exitCode !== null) throw new Error(`the shop ended:\n${shopOutput}`);
    return shopOutput.includes("is open");
  });
}, OPEN_MS + 30_000);

afterAll(async () => {
  if (shop.exitCode === null) {
    shop.kill("SIGTERM");
    await once(shop, "exit");
  }
  await server.dispose();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

test("the shop's traces are whole and as its plan says", { timeout: VERIFY_MS }, async () => {
  const verify = clew(["verify", plan, "--server", server.url, "--otlp", server.otlpHttpUrl]);
  let report = "";
  for (const stream of [verify.stdout, verify.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      report += text;
    });
  }
  const [code] = (await once(verify, "close")) as [number | null];
  expect(code, report).toBe(0);
  expect(report).toContain("6 of 6 interactions as expected");
});

test("no span of it is an orphan or sent twice, and no call lost its context", async () => {
  // Closed first: while shoppers come, some spans are always still on their way.
  shop.kill("SIGTERM");
  await once(shop, "exit");
  const whole = { orphanSpans: 0, duplicateSpans: 0, broken: 0 };
  await until("all spans of closed services are there", ARRIVAL_MS, async () => {
    const answer = await fetch(`${server.url}/api/v1/trace-health?start=now-1h&end=now`);
    const { spans, orphanSpans, duplicateSpans, propagation } = (await answer.json()) as Health;
    expect(spans).toBeGreaterThan(100);
    const broken = propagation.reduce((sum, { brokenCalls }) => sum + brokenCalls, 0);
    return isDeepStrictEqual({ orphanSpans, duplicateSpans, broken }, whole);
  });
});
