import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../contract/open-test-store.ts";
import { openChdbEngine } from "../engines/chdb.ts";
import { openClickHouseEngine } from "../engines/clickhouse.ts";
import { ReadMeter } from "./read-meter.ts";

const cost = { rows: 1, bytes: 2, traces: 3, milliseconds: 4, plan: "spans" };
let server: Server;

// What a ClickHouse server says of a query, in its own header.
beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.setHeader("X-ClickHouse-Summary", '{"read_rows":"20","read_bytes":"300"}');
      response.end("[1]\n");
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => void server.close());

test("all queries of a question share its limit of bytes, which the error names", async () => {
  const store: TestStore = await openTestStore((path) => openChdbEngine({ path }));
  try {
    const { engine } = new ReadMeter(store.engine);
    // Each reads 800,000 bytes.
    const ask = (): Promise<unknown> =>
      engine.readRows("SELECT sum(number) FROM numbers(100000)", {
        limits: { maxBytesToRead: 2 ** 20 },
      });
    await ask();
    await expect(ask()).rejects.toMatchObject({
      code: "limit_exceeded",
      message: "the query reads more bytes than its limit of 1 MiB",
    });
  } finally {
    await store.close();
  }
});

test("what a server says that its queries read is added up", async () => {
  const { port } = server.address() as AddressInfo;
  const engine = await openClickHouseEngine({ url: `http://127.0.0.1:${port}` });
  const meter = new ReadMeter(engine);
  expect(meter.withCost({ cost })).toEqual({ cost });
  await meter.engine.readRows("SELECT 1");
  for await (const _ of meter.engine.readBinary("SELECT 1"));
  expect(meter.withCost({ cost })).toEqual({ cost: { ...cost, rows: 40, bytes: 600 } });
  await engine.close();
});
