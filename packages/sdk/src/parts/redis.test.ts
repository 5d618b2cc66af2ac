// Commands of ioredis and node-redis against Debian's Redis, in both module systems; skipped where it is not installed.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Broker, hasBroker, startBroker } from "../testing/brokers.ts";
import { type Imports, MODULE_SYSTEMS, provide, provideAs, run } from "../testing/libraries.ts";
import { OtlpSink } from "../testing/otlp-sink.ts";
import { makePlace, type Place, removePlace } from "../testing/program.ts";

interface Client {
  readonly name: string;
  readonly imports: Imports;
  /** Makes `client`, `batch`, `transaction`, `fail` and `close`. */
  readonly body: string;
  readonly provide: (place: Place) => void;
}

const IOREDIS = `
  const client = new Redis({ port: PORT, db: 2 });
  const batch = () => client.pipeline().set("hidden", "1").get("hidden").exec();
  const transaction = () => client.multi().get("hidden").get("hidden").exec();
  const fail = () => client.lpush("hidden", "x");
  const close = () => client.quit();
  await span("callback", (own) => new Promise((resolve) => {
    client.get("hidden", () => { if (activeSpan() !== own) console.log("context lost"); resolve(); });
  }));`;

const NODE_REDIS = `
  const client = createClient({ url: "redis://localhost:" + PORT + "/2" });
  await client.connect();
  const batch = () => client.multi().set("hidden", "1").get("hidden").execAsPipeline();
  const transaction = () => client.multi().get("hidden").get("hidden").exec();
  const fail = () => client.lPush("hidden", "x");
  const close = () => client.quit();
  await span("callback", () => client.get("hidden"));`;

const CLIENTS: readonly Client[] = [
  {
    name: "ioredis 6",
    imports: { ioredis: "Redis" },
    body: IOREDIS,
    provide: (place) => provide(place, ["ioredis"]),
  },
  {
    name: "ioredis 5",
    imports: { ioredis: "Redis" },
    body: IOREDIS,
    provide: (place) => provideAs(place, "ioredis5", "ioredis"),
  },
  {
    name: "redis 6",
    imports: { redis: "{ createClient }" },
    body: NODE_REDIS,
    provide: (place) => provide(place, ["redis"]),
  },
  {
    name: "redis 4",
    imports: { redis4: "{ createClient }" },
    body: NODE_REDIS,
    provide: (place) => provide(place, ["redis4"]),
  },
];

const here = hasBroker("redis");
const title = here ? "$name" : "$name, which needs Debian's package redis-server";

describe.skipIf(!here).each(CLIENTS)(title, (client) => {
  let redis: Broker;
  let sink: OtlpSink;
  let place: Place;

  beforeAll(async () => {
    redis = await startBroker("redis");
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    sink = await OtlpSink.start();
    place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "redis" });
    client.provide(place);
  });
  afterEach(async () => {
    removePlace(place);
    await sink.stop();
  });

  test.each(MODULE_SYSTEMS)(
    "commands have spans without arguments, batches one: %s",
    async (kind) => {
      const ending = await run(
        place,
        kind,
        { ...client.imports, "%sdk%": "{ activeSpan, span }" },
        `const PORT = ${redis.port};
       ${client.body}
       await client.get("before");
       await span("single", () => client.set("hidden", "secret"));
       await span("batch", batch);
       await span("transaction", transaction);
       const failed = await span("failed", () => fail().catch((error) => error.message));
       await close();
       console.log(failed.slice(0, 9));`,
      );
      expect(ending.stderr).toBe("");
      expect(ending.stdout).toBe("WRONGTYPE\n");
      await sink.span("failed");
      const under = (name: string) => {
        const parent = sink.spans.find((span) => span.name === name);
        return sink.spans.filter(({ parentSpanId }) => parentSpanId === parent?.spanId);
      };
      expect(
        under("single").map(({ name, kind: spanKind, attributes }) => [name, spanKind, attributes]),
      ).toEqual([
        [
          "SET",
          3,
          {
            "db.system.name": "redis",
            "db.namespace": "2",
            "db.operation.name": "SET",
            "db.query.summary": "SET",
            "db.query.text": "SET ? ?",
            "server.address": "localhost",
            "server.port": redis.port,
          },
        ],
      ]);
      expect(under("callback")).toHaveLength(1);
      expect(
        under("batch").map(({ name, attributes }) => [name, attributes["db.operation.batch.size"]]),
      ).toEqual([["PIPELINE", 2]]);
      expect([undefined, "SET ? ?; GET ?"]).toContain(
        under("batch")[0]?.attributes["db.query.text"],
      );
      expect(under("transaction")).toHaveLength(1);
      expect(under("transaction")[0]?.name).toMatch(/^MULTI( GET)?$/);
      expect(under("transaction")[0]?.attributes["db.operation.batch.size"]).toBe(2);
      expect(under("failed")[0]?.attributes).toMatchObject({
        "db.response.status_code": "WRONGTYPE",
        "error.type": "WRONGTYPE",
      });
      expect(
        sink.spans.filter(({ kind: spanKind, parentSpanId }) => spanKind === 3 && !parentSpanId),
      ).toEqual([]);
      expect(JSON.stringify(sink.spans)).not.toMatch(/secret|hidden|before/);
    },
  );

  test("an entry of a stream is a message, linked with who reads it", async () => {
    const ending = await run(
      place,
      "mjs",
      { ...client.imports, "%sdk%": "{ activeSpan, span }" },
      `const PORT = ${redis.port};
       ${client.body}
       await span("adds", () => client.xadd !== undefined
         ? client.xadd("orders", "*", "id", "7") : client.xAdd("orders", "*", { id: "7" }));
       const read = await (client.xadd !== undefined
         ? client.xread("STREAMS", "orders", "0") : client.xRead({ key: "orders", id: "0" }));
       await client.del("orders");
       await close();
       console.log(JSON.stringify(read));`,
    );
    expect(ending.stderr).toBe("");
    const adds = await sink.span("adds");
    const send = await sink.span("send orders");
    const receive = await sink.span("receive orders");
    expect(send).toMatchObject({ parentSpanId: adds.spanId, kind: 4 });
    expect(receive.links?.map(({ spanId }) => spanId)).toEqual([send.spanId]);
    expect(ending.stdout).toContain(`00-${send.traceId}-${send.spanId}-01`);
    expect(sink.spans.filter(({ parentSpanId }) => parentSpanId === adds.spanId)).toHaveLength(
      client.name === "redis 6" ? 2 : 1,
    );
  });

  test("entries that are claimed from another consumer, or looked up, are linked with who added them", async () => {
    const ending = await run(
      place,
      "mjs",
      { ...client.imports, "%sdk%": "{ activeSpan, span }" },
      `const PORT = ${redis.port};
       ${client.body}
       const isIo = client.xadd !== undefined;
       const send = (...command) => isIo ? client.call(...command) : client.sendCommand(command);
       const id = await (isIo ? client.xadd("jobs", "*", "id", "7") : client.xAdd("jobs", "*", { id: "7" }));
       await send("XGROUP", "CREATE", "jobs", "workers", "0");
       await send("XREADGROUP", "GROUP", "workers", "one", "STREAMS", "jobs", ">");
       if (isIo) {
         await span("autoclaim", () => client.xautoclaim("jobs", "workers", "two", 0, "0"));
         await span("claim", () => client.xclaim("jobs", "workers", "one", 0, id));
         await span("range", () => client.xrange("jobs", "-", "+"));
         await span("reverse", () => client.xrevrange("jobs", "+", "-"));
       } else {
         await span("autoclaim", () => client.xAutoClaim("jobs", "workers", "two", 0, "0"));
         await span("claim", () => client.xClaim("jobs", "workers", "one", 0, id));
         await span("range", () => client.xRange("jobs", "-", "+"));
         await span("reverse", () => client.xRevRange("jobs", "+", "-"));
       }
       await client.del("jobs");
       await close();`,
    );
    expect(ending.stderr).toBe("");
    const send = await sink.span("send jobs");
    for (const [name, group] of [
      ["autoclaim", "workers"],
      ["claim", "workers"],
      ["range", undefined],
      ["reverse", undefined],
    ]) {
      const { spanId: within } = await sink.span(name as string);
      const reads = sink.spans.filter(
        (span) => span.parentSpanId === within && span.name === "receive jobs",
      );
      expect(reads.map(({ links }) => links?.map(({ spanId }) => spanId))).toEqual([[send.spanId]]);
      expect(reads[0]?.attributes["messaging.consumer.group.name"]).toBe(group);
    }
  });
});
