// kafkajs with a real Kafka where there is one; and over a stub in place of its connection to brokers, as none is to be had
// everywhere: records go through the library's own producer and consumer and lie in a file in between. OpenTelemetry's
// instrumentation is on the other side.

import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Broker, hasBroker, startBroker } from "../testing/brokers.ts";
import { writeFiles } from "../testing/program.ts";
import { CLIENT, CONSUMER, PRODUCER, ProgramBench } from "../testing/program-bench.ts";

const STUB = `
  const fs = require("node:fs");
  const { Kafka, AssignerProtocol } = require("kafkajs");
  const read = (file) => fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : [];
  const bytes = (value) => value === null || value === undefined ? null : Buffer.from(value);
  exports.stubbed = (file) => {
    const kafka = new Kafka({ clientId: "stub", brokers: ["stub:9092"], logLevel: 0 });
    const broker = { nodeId: 0,
      async produce({ topicData }) {
        const log = read(file);
        for (const { topic, partitions } of topicData) for (const { messages } of partitions) for (const { key, value, headers = {} } of messages)
          log.push({ topic, key: key === null || key === undefined ? null : String(key), value: String(value), headers: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, String(v)])) });
        fs.writeFileSync(file, JSON.stringify(log));
        return { topics: topicData.map(({ topic, partitions }) => ({ topicName: topic, partitions: partitions.map(({ partition }) => ({ partition, errorCode: 0, baseOffset: "0", logAppendTime: "-1" })) })) };
      },
      async fetch({ topics }) {
        const log = read(file);
        await new Promise((done) => setTimeout(done, 2));
        return { responses: topics.map(({ topic, partitions: [{ fetchOffset }] }) => ({ topicName: topic, partitions: [{ partition: 0, highWatermark: "99", abortedTransactions: [],
          messages: log.filter((each) => each.topic === topic).map(({ key, value, headers }, index) => ({ offset: String(index), key: bytes(key), value: bytes(value), timestamp: "1", headers: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, bytes(v)])) })).filter(({ offset }) => Number(offset) >= Number(fetchOffset)) }] })) };
      } };
    const topicsOf = new Set();
    const nothing = async () => {};
    const coordinator = { nodeId: 0, isConnected: () => true, heartbeat: nothing, leaveGroup: nothing,
      joinGroup: async () => ({ generationId: 1, leaderId: "other", memberId: "me", members: [], groupProtocol: "RoundRobinAssigner" }),
      syncGroup: async () => ({ memberAssignment: AssignerProtocol.MemberAssignment.encode({ version: 1, assignment: Object.fromEntries([...topicsOf].map((topic) => [topic, [0]])) }) }),
      offsetFetch: async ({ topics }) => ({ responses: topics.map(({ topic, partitions }) => ({ topic, partitions: partitions.map(({ partition }) => ({ partition, offset: "0" })) })) }),
      offsetCommit: async () => ({ responses: [] }) };
    const cluster = { targetTopics: topicsOf, brokerPool: { brokers: {} }, connect: nothing, disconnect: nothing, isConnected: () => true, refreshMetadata: nothing, refreshMetadataIfNecessary: nothing,
      addTargetTopic: async (topic) => void topicsOf.add(topic), addMultipleTargetTopics: async (topics) => topics.forEach((topic) => topicsOf.add(topic)),
      findTopicPartitionMetadata: () => [{ partitionErrorCode: 0, partitionId: 0, leader: 0, replicas: [0], isr: [0] }],
      findLeaderForPartitions: (topic, partitions) => ({ 0: partitions.map(Number) }), findBroker: async () => broker, findGroupCoordinator: async () => coordinator,
      getNodeIds: () => [0], committedOffsets: () => ({}), markOffsetAsCommitted() {}, fetchTopicsOffset: async () => [], removeBroker() {} };
    for (const symbol of Object.getOwnPropertySymbols(kafka)) if (symbol.description === "private:Kafka:createCluster") kafka[symbol] = () => cluster;
    return kafka;
  };
  exports.consumed = async (kafka, topic, count, options) => {
    const consumer = kafka.consumer({ groupId: "workers" });
    await consumer.connect(); await consumer.subscribe({ topic, fromBeginning: true });
    let seen = 0, done; const enough = new Promise((resolve) => { done = resolve; });
    const count_ = (n) => { seen += n; if (seen >= count) done(); };
    await consumer.run(options(count_));
    await enough; await consumer.disconnect();
  };`;

let bench: ProgramBench;
beforeEach(async () => {
  bench = await ProgramBench.start({ KAFKAJS_NO_PARTITIONER_WARNING: "1" });
  bench.place.env["LOG"] = join(bench.place.folder, "log.json");
  writeFiles(bench.place, { "stub.cjs": STUB });
});
afterEach(async () => await bench.stop());

const producer = `const { stubbed, consumed } = require("./stub.cjs"); const kafka = stubbed(process.env.LOG);
  const producer = kafka.producer(); await producer.connect();`;
const ours = (body: string) =>
  `const { span } = require("%sdk%"); (async () => { ${producer} ${body} })();`;

test("context goes from OpenTelemetry through ours to OpenTelemetry", async () => {
  const old = "@opentelemetry/instrumentation-kafkajs";
  await bench.runOld(
    old,
    `${producer} await producer.send({ topic: "first", messages: [{ value: "x" }] })`,
  );
  await bench.run(
    ours(`await consumed(kafka, "first", 1, (count) => ({ eachMessage: async ({ message }) => {
      await producer.send({ topic: "second", messages: [{ key: "k1", value: message.value, headers: { mine: "1" } }] }); count(1);
    } }));`),
    "cjs",
  );
  await bench.runOld(
    old,
    `${producer} await consumed(kafka, "second", 1, (count) => ({ eachMessage: async ({ message }) => { if (String(message.headers.mine) !== "1") throw new Error("lost"); count(1); } }))`,
  );
  const [sent] = bench.of(PRODUCER, "old");
  const [processed] = bench.of(CONSUMER);
  const [resent] = bench.of(PRODUCER);
  const [received] = bench.of(CONSUMER, "old");
  expect(processed?.parentSpanId).toBe(sent?.spanId);
  expect(resent?.parentSpanId).toBe(processed?.spanId);
  expect(received?.parentSpanId).toBe(resent?.spanId);
  expect(processed).toMatchObject({
    name: "process first",
    attributes: {
      "messaging.system": "kafka",
      "messaging.destination.name": "first",
      "messaging.destination.partition.id": "0",
      "messaging.consumer.group.name": "workers",
      "messaging.kafka.offset": 0,
    },
  });
  expect(resent?.attributes["messaging.kafka.message.key"]).toBe("k1");
});

test("several messages have a span each, and a batch links to them; process() gives each its true time", async () => {
  await bench.run(
    ours(`const { kafkaMessage, process: one } = require("@clew/sdk/messaging");
      const messages = [{ value: "a" }, { value: "b" }];
      await span("caller", () => producer.send({ topic: "many", messages }));
      if (messages[0].headers !== undefined) throw new Error("the program's messages were changed");
      await consumed(kafka, "many", 2, (count) => ({ eachBatch: async ({ batch }) => {
        for (const message of batch.messages) {
          await one(kafkaMessage(batch.topic, message), async () => { await new Promise((done) => setTimeout(done, 20)); });
        }
        count(batch.messages.length);
      } }));`),
    "cjs",
  );
  const created = bench.of(PRODUCER);
  const [sent] = bench.of(CLIENT);
  expect(created.map(({ name }) => name)).toEqual(["create many", "create many"]);
  expect(sent?.links?.map(({ spanId }) => spanId)).toEqual(created.map(({ spanId }) => spanId));
  const processed = bench.of(CONSUMER);
  const batch = processed.find(({ parentSpanId }) => parentSpanId === undefined);
  expect(batch?.links?.map(({ spanId }) => spanId)).toEqual(created.map(({ spanId }) => spanId));
  expect(batch?.attributes["messaging.batch.message_count"]).toBe(2);
  const each = processed.filter(({ parentSpanId }) => parentSpanId === batch?.spanId);
  expect(each.map(({ links }) => links?.[0]?.spanId)).toEqual(created.map(({ spanId }) => spanId));
  const [first, second] = each;
  expect(BigInt(first?.endTimeUnixNano ?? 0)).toBeLessThanOrEqual(
    BigInt(second?.startTimeUnixNano ?? 0),
  );
});

test("messages that kafkajs refuses are refused with its own error", async () => {
  const printed = await bench.run(
    ours(`for (const wrong of [{ topic: "x" }, { topic: "x", messages: [{}] }, { topic: "", messages: [{ value: "1" }] }, undefined]) {
      try { await producer.send(wrong); console.log("sent"); } catch (error) { console.log(error.name); }
    }`).replace(
      "(async",
      "process.removeAllListeners('warning'); process.on('warning', () => {}); (async",
    ),
    "cjs",
  );
  expect(printed.trim().split("\n")).toEqual([
    "KafkaJSNonRetriableError",
    "KafkaJSNonRetriableError",
    "KafkaJSNonRetriableError",
    "TypeError",
  ]);
});

test("unsampled messages carry the decision on, and their processing makes no spans either", async () => {
  bench.place.env["OTEL_TRACES_SAMPLER"] = "parentbased_always_off";
  const printed = await bench.run(
    ours(`await producer.send({ topic: "quiet", messages: [{ value: "a" }, { value: "b" }] });
      await consumed(kafka, "quiet", 2, (count) => ({ eachMessage: async ({ message }) => { console.log(String(message.headers.traceparent)); span("inside", () => count(1)); } }));`),
    "cjs",
  );
  const [first, second] = printed.trim().split("\n");
  expect(first).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(second).toMatch(/-00$/);
  expect(bench.sink.spans).toHaveLength(0);
});

test("with instrumentations turned off a message is what the program has made", async () => {
  bench.place.env["OTEL_NODE_DISABLED_INSTRUMENTATIONS"] = "kafkajs";
  const printed = await bench.run(
    ours(`await span("caller", () => producer.send({ topic: "plain", messages: [{ value: "a" }] }));
      console.log(require("node:fs").readFileSync(process.env.LOG, "utf8"));`),
    "cjs",
  );
  expect(JSON.parse(printed)).toEqual([{ topic: "plain", key: null, value: "a", headers: {} }]);
  expect(bench.sink.spans.map(({ name }) => name)).toEqual(["caller"]);
});

describe.skipIf(!hasBroker("kafka"))("with a broker (skipped without Kafka's archives)", () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker("kafka");
  }, 60_000);
  afterAll(async () => await broker.stop());

  const open = `const { Kafka, logLevel } = require("kafkajs"); const { span } = require("%sdk%");
    const kafka = new Kafka({ clientId: "test", brokers: [process.env.KAFKA], logLevel: logLevel.NOTHING });
    const topics = async (...names) => { const admin = kafka.admin(); await admin.connect();
      await admin.createTopics({ topics: names.map((topic) => ({ topic, numPartitions: 2 })), waitForLeaders: true }); await admin.disconnect(); };
    const consumed = async (topic, options) => { const consumer = kafka.consumer({ groupId: topic + ".workers" }); await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true }); await new Promise((resolve) => consumer.run(options(resolve))); await consumer.disconnect(); };
    const producing = async (options) => { const producer = kafka.producer(options); await producer.connect(); return producer; };`;
  const program = async (body: string): Promise<void> => {
    bench.place.env["KAFKA"] = `127.0.0.1:${broker.port}`;
    await bench.run(
      `process.removeAllListeners("warning"); ${open} (async () => { ${body} })();`,
      "cjs",
    );
  };

  test("a transaction and another attempt at a record are in its trace, at several partitions at once", async () => {
    await program(`await topics("paid");
      const producer = await producing({ idempotent: true, transactionalId: "payments", maxInFlightRequests: 1 });
      const transaction = await producer.transaction();
      await span("caller", async () => { for (const partition of [0, 1]) await transaction.send({ topic: "paid", messages: [{ partition, value: String(partition) }] }); });
      await transaction.commit(); await producer.disconnect();
      const seen = []; let failed = false;
      await consumed("paid", (done) => ({ partitionsConsumedConcurrently: 2, eachMessage: async ({ message }) => {
        await span("handler " + message.value, () => new Promise((resolve) => setTimeout(resolve, 20)));
        if (!failed) { failed = true; throw new Error("first attempt fails"); }
        seen.push(String(message.value)); if (seen.includes("0") && seen.includes("1")) done();
      } }));`);
    expect(bench.traces.size).toBe(1);
    const sent = bench.of(PRODUCER);
    expect(sent).toHaveLength(2);
    const processed = bench.of(CONSUMER);
    expect(processed.filter(({ status }) => status?.code === 2)).toHaveLength(1);
    for (const { spanId, parentSpanId } of processed) {
      const [handler] = bench.sink.spans.filter((span) => span.parentSpanId === spanId);
      const at = sent.findIndex((span) => span.spanId === parentSpanId);
      expect(handler?.name).toBe(`handler ${String(at)}`);
    }
  });

  test("a batch links to the spans of its records", async () => {
    await program(`await topics("many"); const producer = await producing();
      await producer.sendBatch({ topicMessages: [{ topic: "many", messages: [{ partition: 0, value: "a" }, { partition: 0, value: "b", headers: { mine: "1" } }] }] });
      await producer.disconnect();
      await consumed("many", (done) => ({ eachBatch: async ({ batch }) => {
        if (String(batch.messages[1].headers.mine) !== "1") throw new Error("headers"); done(); } }));`);
    const created = bench.of(PRODUCER).map(({ spanId }) => spanId);
    expect(created).toHaveLength(2);
    const [batch] = bench.of(CONSUMER);
    expect(batch?.links?.map(({ spanId }) => spanId)).toEqual(created);
    expect(batch?.attributes["messaging.destination.partition.id"]).toBe("0");
  });
});
