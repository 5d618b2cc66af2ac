// @platformatic/kafka with a real Kafka where there is one, and against a stub that speaks as much of Kafka's protocol as a producer needs (ApiVersions 3, Metadata
// 12, Produce 11), as no broker is to be had everywhere; what a consumer gives out is played back from what was sent.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Broker, hasBroker, startBroker } from "../testing/brokers.ts";
import { writeFiles } from "../testing/program.ts";
import { CLIENT, CONSUMER, PRODUCER, ProgramBench } from "../testing/program-bench.ts";

const STUB = `
  import net from "node:net"; import { Writer } from "@platformatic/kafka";
  export async function stub(sent) {
    const bodies = {
      18: () => Writer.create().appendInt16(0).appendArray([[18, 0, 3], [3, 0, 12], [0, 0, 11]], (w, [key, min, max]) => w.appendInt16(key).appendInt16(min).appendInt16(max)).appendInt32(0).appendTaggedFields(),
      3: (port) => Writer.create().appendInt32(0).appendArray([0], (w) => w.appendInt32(0).appendString("127.0.0.1").appendInt32(port).appendString(null))
        .appendString("stub").appendInt32(0).appendArray(["orders", "mails"], (w, name) => w.appendInt16(0).appendString(name).appendUUID("11111111-1111-1111-1111-111111111111").appendBoolean(false)
          .appendArray([0], (w) => w.appendInt16(0).appendInt32(0).appendInt32(0).appendInt32(0).appendArray([0], (w) => w.appendInt32(0), true, false).appendArray([0], (w) => w.appendInt32(0), true, false).appendArray([], () => {}, true, false)).appendInt32(0)).appendTaggedFields(),
      0: () => Writer.create().appendArray(["orders"], (w, name) => w.appendString(name).appendArray([0], (w) => w.appendInt32(0).appendInt16(0).appendInt64(7n).appendInt64(-1n).appendInt64(0n).appendArray([], () => {}).appendString(null))).appendInt32(0).appendTaggedFields(),
    };
    const server = net.createServer((socket) => {
      let open = Buffer.alloc(0);
      socket.on("error", () => {}).on("data", (chunk) => {
        open = Buffer.concat([open, chunk]);
        while (open.length >= 4 && open.length >= 4 + open.readInt32BE(0)) {
          const frame = open.subarray(4, 4 + open.readInt32BE(0)); open = open.subarray(4 + frame.length);
          const key = frame.readInt16BE(0);
          if (key === 0) sent.push(frame.toString("latin1"));
          const head = Writer.create().appendInt32(frame.readInt32BE(4));
          if (key !== 18) head.appendTaggedFields();
          const body = Buffer.concat([head.buffer, bodies[key](server.address().port).buffer]);
          const length = Buffer.alloc(4); length.writeInt32BE(body.length); socket.write(Buffer.concat([length, body]));
        }
      });
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { server, address: "127.0.0.1:" + server.address().port };
  }`;

let bench: ProgramBench;
beforeEach(async () => {
  bench = await ProgramBench.start();
  writeFiles(bench.place, { "stub.mjs": STUB });
});
afterEach(async () => await bench.stop());

const open = (
  options: string,
) => `import { Producer, stringSerializers } from "@platformatic/kafka";
  import { span } from "%sdk%"; import { batch, consume, kafkaMessage } from "@clew/sdk/messaging"; import { stub } from "./stub.mjs";
  const sent = []; const { server, address } = await stub(sent);
  const producer = new Producer({ clientId: "test", bootstrapBrokers: [address], retries: 0, ${options} });
  const close = async () => { await producer.close(true); server.close(); };`;

test.each([
  ["text", "serializers: stringSerializers", `{ value: "x", headers: { mine: "1" } }`],
  [
    "bytes",
    "",
    `{ value: Buffer.from("x"), headers: new Map([["mine", "1"], ["traceparent", "old"]].map((pair) => pair.map((text) => Buffer.from(text)))) }`,
  ],
  ["text without headers", "serializers: stringSerializers", `{ value: "x" }`],
  ["bytes without headers", "", `{ value: Buffer.from("x") }`],
])("a record of %s carries its context on the wire", async (_, options, message) => {
  await bench.run(`${open(options)}
    const message = { topic: "orders", ...${message} }; const before = message.headers?.size ?? Object.keys(message.headers ?? {}).length;
    const answer = await span("caller", () => producer.send({ messages: [message] }));
    if (answer.offsets[0].offset !== 7n) throw new Error("no answer");
    if ((message.headers?.size ?? Object.keys(message.headers ?? {}).length) !== before) throw new Error("the program's headers were changed");
    await span("by callback", () => new Promise((resolve, reject) => producer.send({ messages: [message] }, (error) => span("called back", () => error ? reject(error) : resolve()))));
    const found = sent.map((frame) => /traceparent[^]{1,2}(00-[0-9a-f]{32}-([0-9a-f]{16})-01)/.exec(frame)?.[2]);
    await span("on the wire " + found.join(" "), async () => {}); await close();`);
  const spans = bench.of(PRODUCER);
  expect(spans.map(({ name }) => name)).toEqual(["send orders", "send orders"]);
  expect(spans[0]?.parentSpanId).toBe(bench.named("caller").spanId);
  expect(bench.named("called back").parentSpanId).toBe(bench.named("by callback").spanId);
  bench.named(`on the wire ${spans.map(({ spanId }) => spanId).join(" ")}`);
});

test("several records have spans of their own, and their stream is processed by consume()", async () => {
  await bench.run(`${open("serializers: stringSerializers")}
    const records = []; const { channel } = await import("node:diagnostics_channel");
    (await import("node:diagnostics_channel")).subscribe("tracing:plt:kafka:producer:sends:start", ({ options }) => records.push(...options.messages));
    await span("caller", () => producer.send({ messages: [{ topic: "orders", key: "k", value: "a" }, { topic: "orders", value: "b" }] }));
    const stream = (async function* () { for (const each of records) yield { ...each, offset: 3n, partition: 0 }; })();
    for await (const one of consume(stream, (m) => kafkaMessage(m.topic, m))) await one.process(async () => {});
    await close();`);
  const created = bench.of(PRODUCER);
  expect(created.map(({ name }) => name)).toEqual(["create orders", "create orders"]);
  const links = (spans: ReturnType<typeof bench.of>) =>
    spans.flatMap((span) => (span.links ?? []).map(({ spanId }) => spanId));
  expect(links(bench.of(CLIENT))).toEqual(created.map(({ spanId }) => spanId));
  expect(links(bench.of(CONSUMER))).toEqual(created.map(({ spanId }) => spanId));
  expect(bench.of(CONSUMER)[0]?.attributes["messaging.kafka.offset"]).toBe(3);
});

test("a broker that is away is the client's own error, and one of the span", async () => {
  await bench.run(`${open("connectTimeout: 500, ")}
    server.close();
    let failed; try { await producer.send({ messages: [{ topic: "orders", value: Buffer.from("x") }] }); } catch (error) { failed = error; }
    if (failed === undefined) throw new Error("no error");
    let refused; try { await producer.send({ messages: "wrong" }); } catch (error) { refused = error; }
    if (!/PLT_KFK/.test(refused?.code)) throw refused ?? new Error("no error"); await close();`);
  expect(bench.of(PRODUCER)[0]?.status).toMatchObject({ code: 2 });
});

describe.skipIf(!hasBroker("kafka"))("with a broker (skipped without Kafka's archives)", () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker("kafka");
  }, 60_000);
  afterAll(async () => await broker.stop());

  test("records with text, with bytes and of a stream reach a consumer with their context", async () => {
    bench.place.env["KAFKA"] = `127.0.0.1:${broker.port}`;
    const printed = await bench.run(`
      import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from "@platformatic/kafka";
      import { span } from "%sdk%"; import { consume, kafkaMessage } from "@clew/sdk/messaging";
      const base = { clientId: "test", bootstrapBrokers: [process.env.KAFKA] };
      const admin = new Admin(base); await admin.createTopics({ topics: ["orders"], partitions: 1, replicas: 1 }); await admin.close();
      const texts = new Producer({ ...base, serializers: stringSerializers }); const bytes = new Producer(base);
      await span("texts", () => texts.send({ messages: [{ topic: "orders", value: "1", headers: { mine: "x" } }, { topic: "orders", value: "2" }] }));
      await span("bytes", () => bytes.send({ messages: [{ topic: "orders", value: Buffer.from("3") }] }));
      await new Promise((resolve, reject) => texts.send({ messages: [{ topic: "orders", value: "4" }] }, (error) => error ? reject(error) : resolve()));
      const consumer = new Consumer({ ...base, groupId: "workers", deserializers: stringDeserializers });
      const stream = await consumer.consume({ topics: ["orders"], mode: "earliest", autocommit: false });
      for await (const one of consume(stream, (record) => kafkaMessage(record.topic, record), { parent: "message" })) {
        await one.process((record) => span("handler " + record.value, () => console.log(record.value, record.headers.get("mine"))));
        if (one.message.value === "4") break;
      }
      await stream.close(); await consumer.close(); await texts.close(); await bytes.close();`);
    expect(printed).toBe("1 x\n2 undefined\n3 undefined\n4 undefined\n");
    for (const [handler, caller] of [
      ["handler 1", "texts"],
      ["handler 2", "texts"],
      ["handler 3", "bytes"],
    ] as const) {
      expect(bench.named(handler).traceId).toBe(bench.named(caller).traceId);
    }
    const parents = bench.of(CONSUMER).map(({ parentSpanId }) => parentSpanId);
    const senders = bench.of(PRODUCER).map(({ spanId }) => spanId);
    expect(parents).toHaveLength(senders.length);
    expect(new Set(parents)).toEqual(new Set(senders));
  });
});
