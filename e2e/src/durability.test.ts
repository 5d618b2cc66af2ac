// Acknowledged means stored: whatever ends the process, and whatever state its spool is in.

import { appendFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type AckedRequest,
  completeOptions,
  type ExpectedSpan,
  expectedSpans,
  planOf,
  runLoad,
} from "@clew/cli/load";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { send, spanOf } from "./otlp-json.ts";
import { ask, findTrace, traceOf } from "./query-client.ts";
import { ServerProcess } from "./server-process.ts";
import { until } from "./until.ts";

const KILLS = 3;
const REQUESTS_BETWEEN_KILLS = 30;

let server: ServerProcess;
beforeEach(async () => {
  server = await ServerProcess.start();
});
afterEach(() => server.dispose());

/** Names of the log segments that wait in the spool. */
async function segments(): Promise<string[]> {
  const names = await readdir(join(server.dataDir, "spool"));
  return names.filter((name) => name.endsWith(".wal"));
}

/** How often each expected span is stored, as a list of those that are not there exactly once. */
async function wrongCounts(expected: readonly ExpectedSpan[]): Promise<string[]> {
  const traceIds = [...new Set(expected.map(({ traceId }) => traceId))];
  const counts = new Map<string, number>();
  const readNext = async (): Promise<void> => {
    for (let traceId = traceIds.pop(); traceId !== undefined; traceId = traceIds.pop()) {
      for (const { spanId } of (await findTrace(server, traceId)) ?? []) {
        const key = `${traceId}/${spanId}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, readNext));
  return expected
    .map(({ traceId, spanId }) => `${traceId}/${spanId}`)
    .filter((key) => counts.get(key) !== 1)
    .map((key) => `${key} is stored ${counts.get(key) ?? 0} times`);
}

describe("kill -9 under load", () => {
  for (const transport of ["http", "grpc"] as const) {
    test(`leaves every acknowledged span there exactly once, over ${transport}`, {
      timeout: 180_000,
    }, async () => {
      const options = completeOptions({
        transport,
        endpoint: transport === "http" ? server.otlpHttpUrl : server.otlpGrpcUrl,
        seed: 11,
        rate: 4000,
        batch: 64,
        concurrency: 6,
        workers: 0,
        giants: 0,
      });
      const acked: AckedRequest[] = [];
      const ending = new AbortController();
      const onAcked = (request: AckedRequest): void => void acked.push(request);
      const load = runLoad(options, { onAcked, signal: ending.signal });
      const someMore = async (): Promise<void> => {
        const target = acked.length + REQUESTS_BETWEEN_KILLS;
        await until("more requests are acknowledged", 60_000, async () => acked.length >= target);
      };
      for (let kill = 0; kill < KILLS; kill++) {
        await someMore();
        await server.kill();
        await server.launch();
      }
      await someMore();
      ending.abort();
      await load;
      await server.kill();
      await server.launch();

      const sequences = acked.map(({ sequence }) => sequence).sort((a, b) => a - b);
      const plan = planOf(options);
      const expected = sequences.flatMap((sequence) => expectedSpans(plan, sequence));
      expect(expected.length).toBeGreaterThan(KILLS * REQUESTS_BETWEEN_KILLS);
      expect(acked.every(({ rejected }) => rejected === 0)).toBe(true);
      // Logs go when all that is in them is in the store.
      await until("the spool is empty", 60_000, async () => (await segments()).length === 0);
      expect((await wrongCounts(expected)).slice(0, 10)).toEqual([]);
    });
  }
});

test("Ctrl-C and a new start lose nothing: traces, search and services are as before", async () => {
  const spans = Array.from({ length: 50 }, (_, index) => spanOf({ name: `GET /page/${index}` }));
  await send(server, "restarted-service", spans);
  expect(await server.stop()).toBe(0);
  await server.launch();
  for (const span of spans) {
    expect(await findTrace(server, span.traceId)).toMatchObject([{ name: span.name }]);
  }
  const query = { service: "restarted-service", limit: "1000" };
  const { traces } = await ask<{ traces: unknown[] }>(server, "/traces", query);
  expect(traces).toHaveLength(spans.length);
  const { services } = await ask<{ services: unknown[] }>(server, "/services");
  expect(services).toMatchObject([{ service: "restarted-service", spanCount: spans.length }]);
});

/** Sends spans and kills the server while their segment is still in the spool; names the segment. */
async function killWithSegment(): Promise<{ traceIds: string[]; segment: string }> {
  const traceIds: string[] = [];
  for (let attempt = 0; attempt < 10; attempt++) {
    const span = spanOf();
    await send(server, "torn-service", [span]);
    await server.kill();
    traceIds.push(span.traceId);
    const segment = (await segments()).at(-1);
    if (segment !== undefined) return { traceIds, segment };
    await server.launch();
  }
  throw new Error("the spool was empty at every kill");
}

test("a segment whose end was torn by a power cut gives back all that was acknowledged", async () => {
  const { traceIds, segment } = await killWithSegment();
  await appendFile(join(server.dataDir, "spool", segment), Buffer.alloc(100, 0xa7));
  await server.launch();
  for (const traceId of traceIds) expect(await traceOf(server, traceId)).toHaveLength(1);
});

test("a segment that cannot be read is set aside, named in the log, and stops nothing", async () => {
  const span = spanOf();
  await send(server, "kept-service", [span]);
  expect(await server.stop()).toBe(0);
  const name = "000000000000001-00000.wal";
  await writeFile(join(server.dataDir, "spool", name), Buffer.alloc(4096, 0xa7));
  await server.launch();
  const damaged = async () => await readdir(join(server.dataDir, "spool", "damaged"));
  await until("it is set aside", 5000, async () =>
    (await damaged()).some((entry) => entry.startsWith("000000000000001-00000")),
  );
  const logged = async (): Promise<boolean> => server.log.includes("000000000000001-00000");
  await until("the log names it", 5000, logged);
  expect(await findTrace(server, span.traceId)).toHaveLength(1);
  const after = spanOf();
  await send(server, "kept-service", [after]);
  expect(await traceOf(server, after.traceId)).toHaveLength(1);
});
