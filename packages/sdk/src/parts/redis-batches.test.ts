// Commands of Redis that leave together or twice: transactions, what ioredis gathers by itself, and clusters, of which a
// stub of two nodes stands for the real one. The first two need Debian's Redis.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Broker, hasBroker, startBroker } from "../testing/brokers.ts";
import { provide, provideAs, run } from "../testing/libraries.ts";
import { OtlpSink } from "../testing/otlp-sink.ts";
import { makePlace, type Place, removePlace } from "../testing/program.ts";

const NODE_REDIS = `const client = createClient({ url: "redis://127.0.0.1:" + PORT }); await client.connect();
  const transaction = () => client.multi().xAdd("orders", "*", { id: "7" }).lPush("word", "x").exec();`;
const IOREDIS = `const client = new Redis({ host: "127.0.0.1", port: PORT });
  const transaction = () => client.multi().xadd("orders", "*", "id", "7").lpush("word", "x").exec();`;
const CLIENTS = [
  ["ioredis 6", "Redis", "ioredis", IOREDIS],
  ["ioredis 5", "Redis", "ioredis5", IOREDIS],
  ["redis 6", "{ createClient }", "redis", NODE_REDIS],
  ["redis 4", "{ createClient }", "redis4", NODE_REDIS],
] as const;

let sink: OtlpSink;
let place: Place;

beforeEach(async () => {
  sink = await OtlpSink.start();
  place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "redis" });
});
afterEach(async () => {
  removePlace(place);
  await sink.stop();
});

/** Lets programs import `alias` by the name under which it is patched. */
function provideClient(alias: string): string {
  if (alias !== "ioredis5") provide(place, [alias]);
  else provideAs(place, alias, "ioredis");
  return alias === "ioredis5" ? "ioredis" : alias;
}

const under = (name: string) => {
  const parent = sink.spans.find((span) => span.name === name);
  return sink.spans.filter(({ parentSpanId }) => parentSpanId === parent?.spanId);
};

const here = hasBroker("redis");

describe.skipIf(!here)(here ? "at a server" : "at a server, which needs redis-server", () => {
  let redis: Broker;
  beforeAll(async () => {
    redis = await startBroker("redis");
  });
  afterAll(() => redis.stop());

  test.each(CLIENTS)(
    "a transaction has failed when one of its commands has: %s",
    async (_, names, alias, body) => {
      const { stderr } = await run(
        place,
        "mjs",
        { [provideClient(alias)]: names, "%sdk%": "{ span }" },
        `const PORT = ${redis.port}; ${body}
         await client.set("word", "x");
         await span("transaction", () => transaction().catch(() => {}));
         await client.quit();`,
      );
      expect(stderr).toBe("");
      await sink.span("transaction");
      const found = under("transaction");
      expect(found.find(({ kind }) => kind === 3)).toMatchObject({
        name: "MULTI",
        status: { code: 2 },
        attributes: { "db.operation.batch.size": 2, "error.type": "WRONGTYPE" },
      });
      expect(found.find(({ name }) => name === "send orders")?.attributes).toMatchObject({
        "server.address": "127.0.0.1",
        "server.port": redis.port,
      });
    },
  );

  test.each(CLIENTS.slice(0, 2))(
    "commands that are gathered belong to who asked each: %s",
    async (_, names, alias) => {
      const { stderr, stdout } = await run(
        place,
        "mjs",
        { [provideClient(alias)]: names, "%sdk%": "{ activeSpan, span }" },
        `const client = new Redis({ host: "127.0.0.1", port: ${redis.port}, enableAutoPipelining: true });
         await client.set("text", "x");
         const back = (work) => new Promise((resolve) => work((error) => resolve(error?.message.slice(0, 9))));
         const all = await Promise.all([
           span("one", () => client.get("text")),
           span("two", (own) => client.get("text").then(() => activeSpan() === own)),
           span("three", () => client.xadd("events", "*", "id", "7").then(() => "added")),
           span("four", () => back((callback) => client.lpush("text", "x", callback))),
         ]);
         console.log(all.join());
         await client.quit();`,
      );
      expect(stderr).toBe("");
      expect(stdout).toBe("x,true,added,WRONGTYPE\n");
      await sink.span("four");
      const names3 = ["one", "two", "three", "four"].map((name) => under(name).map((s) => s.name));
      expect(names3.map((all) => all.sort())).toEqual([
        ["GET"],
        ["GET"],
        ["XADD", "send events"],
        ["LPUSH"],
      ]);
      expect(under("four")[0]?.attributes["error.type"]).toBe("WRONGTYPE");
    },
  );
});

/** Two nodes, of which the first knows that everything has moved to the second. */
const CLUSTER = `
  const bulk = (text) => "$" + text.length + "\\r\\n" + text + "\\r\\n";
  const range = (from, to, port) => "*3\\r\\n:" + from + "\\r\\n:" + to + "\\r\\n*3\\r\\n" + bulk("127.0.0.1") + ":" + port + "\\r\\n" + bulk("id" + port);
  const ports = [];
  const replyTo = (words, at) => {
    const [name = "", second = ""] = words;
    if (name === "cluster") return second.toLowerCase() === "info" ? bulk("cluster_state:ok") : "*1\\r\\n" + range(0, 16383, ports[0]);
    if (name === "info") return bulk("loading:0");
    if (name === "get") return at === 0 ? "-MOVED 12182 127.0.0.1:" + ports[1] + "\\r\\n" : bulk("bar");
    return name === "hello" ? "%1\\r\\n" + bulk("proto") + ":3\\r\\n" : "+OK\\r\\n";
  };
  const servers = [0, 1].map((at) => createServer((socket) => socket.on("data", (data) => {
    const lines = String(data).split("\\r\\n");
    for (let line = 0; lines[line]?.startsWith("*"); ) {
      const count = Number(lines[line].slice(1));
      const words = Array.from({ length: count }, (_, index) => lines[line + 2 + index * 2]);
      socket.write(replyTo([words[0].toLowerCase(), ...words.slice(1)], at));
      line += 1 + count * 2;
    }
  })));
  for (const server of servers) { await once(server.listen(0, "127.0.0.1"), "listening"); ports.push(server.address().port); }`;

test.each(CLIENTS.slice(0, 2))(
  "a command that a node of a cluster sends on is one call, of the node that answers: %s",
  async (_, names, alias) => {
    const { stderr, stdout } = await run(
      place,
      "mjs",
      {
        [provideClient(alias)]: names,
        "node:net": "{ createServer }",
        "node:events": "{ once }",
        "%sdk%": "{ span }",
      },
      `${CLUSTER}
       const cluster = new Redis.Cluster([{ host: "127.0.0.1", port: ports[0] }]);
       await once(cluster, "ready");
       console.log(await span("caller", () => cluster.get("foo")), ports[1]);
       cluster.disconnect();
       for (const server of servers) server.close();`,
    );
    expect(stderr).toBe("");
    const [value, second] = stdout.trim().split(" ");
    expect(value).toBe("bar");
    await sink.span("caller");
    const calls = under("caller").filter(({ name }) => name === "GET");
    expect(calls).toMatchObject([
      { attributes: { "server.address": "127.0.0.1", "server.port": Number(second) } },
    ]);
    expect(calls[0]?.status?.code ?? 0).toBe(0);
  },
);
