// amqplib with a real RabbitMQ, and with OpenTelemetry's instrumentation on the other side of the queue.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Broker, hasBroker, startBroker } from "../testing/brokers.ts";
import { linkModules, runOldService } from "../testing/old-service.ts";
import { OtlpSink, type ReceivedSpan } from "../testing/otlp-sink.ts";
import { makePlace, type Place, removePlace, runProgram } from "../testing/program.ts";

const OLD = "@opentelemetry/instrumentation-amqplib";
const [PRODUCER, CONSUMER] = [4, 5];

describe.skipIf(!hasBroker("rabbitmq"))("amqplib (skipped without rabbitmq-server)", () => {
  let broker: Broker;
  let sink: OtlpSink;
  let place: Place;
  beforeAll(async () => {
    broker = await startBroker("rabbitmq");
  }, 60_000);
  afterAll(async () => await broker.stop());
  beforeEach(async () => {
    sink = await OtlpSink.start();
    place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "new" });
    place.env["AMQP"] = `amqp://127.0.0.1:${broker.port}`;
    linkModules(place);
  });
  afterEach(async () => {
    removePlace(place);
    await sink.stop();
  });

  const connect = `const connection = await amqp.connect(process.env.AMQP);
    const channel = await connection.createConfirmChannel();`;
  const imports = `import amqp from "amqplib"; import { span } from "%sdk%";`;

  async function run(source: string): Promise<string> {
    const ending = await runProgram(place, "mjs", imports + source);
    expect(ending.stderr).toBe("");
    expect(ending.code).toBe(0);
    return ending.stdout;
  }
  const of = (service: string, kind: number): ReceivedSpan =>
    sink.spans.find(
      (span) => span.resource["service.name"] === service && span.kind === kind,
    ) as ReceivedSpan;

  test("context goes from a service of OpenTelemetry through ours to one of OpenTelemetry", async () => {
    await runOldService(
      place,
      OLD,
      `const amqp = require("amqplib"); ${connect}
       await channel.assertQueue("first", { autoDelete: false });
       channel.sendToQueue("first", Buffer.from("hello"), { messageId: "m1" });
       await channel.waitForConfirms(); await connection.close();`,
    );
    await run(`${connect} await channel.assertQueue("second");
      await new Promise((resolve) => channel.consume("first", async (message) => {
        channel.sendToQueue("second", message.content, { headers: { mine: 1 } });
        await channel.waitForConfirms(); channel.ack(message); resolve();
      })); await connection.close();`);
    const headers = await runOldService(
      place,
      OLD,
      `const amqp = require("amqplib"); ${connect}
       await new Promise((resolve) => channel.consume("second", (message) => {
         console.log(JSON.stringify(message.properties.headers)); channel.ack(message); resolve();
       })); await connection.close();`,
    );
    const [sent, processed, resent, received] = [
      of("old", PRODUCER),
      of("new", CONSUMER),
      of("new", PRODUCER),
      of("old", CONSUMER),
    ];
    expect(new Set(sink.spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(processed.parentSpanId).toBe(sent.spanId);
    expect(resent.parentSpanId).toBe(processed.spanId);
    expect(received.parentSpanId).toBe(resent.spanId);
    expect(JSON.parse(headers)).toEqual({
      mine: 1,
      traceparent: `00-${resent.traceId}-${resent.spanId}-01`,
    });
    expect(processed.name).toBe("process first");
    expect(processed.attributes).toMatchObject({
      "messaging.system": "rabbitmq",
      "messaging.operation.type": "process",
      "messaging.destination.name": "first",
      "messaging.rabbitmq.destination.routing_key": "first",
      "messaging.message.id": "m1",
      "messaging.message.body.size": 5,
      "server.port": broker.port,
    });
  });

  test.each([
    [
      "b3multi",
      `new (require("@opentelemetry/propagator-b3").B3Propagator)({ injectEncoding: 1 })`,
    ],
    [
      "tracecontext,xray",
      `new (require("@opentelemetry/propagator-aws-xray").AWSXRayPropagator)()`,
    ],
  ])(
    "among services that speak another format it is one trace, of forwarded headers too: %s",
    async (formats, propagator) => {
      place.env["OTEL_PROPAGATORS"] = formats;
      const old = `const amqp = require("amqplib"); ${connect}
      propagation.disable(); propagation.setGlobalPropagator(${propagator});`;
      await runOldService(
        place,
        OLD,
        `${old} await channel.assertQueue("${formats} before"); channel.sendToQueue("${formats} before", Buffer.from("x"));
       await channel.waitForConfirms(); await connection.close();`,
      );
      await run(`${connect} await channel.assertQueue("${formats} after");
      await new Promise((resolve) => channel.consume("${formats} before", async (message) => {
        channel.sendToQueue("${formats} after", message.content, { headers: message.properties.headers });
        await channel.waitForConfirms(); channel.ack(message); resolve();
      })); await connection.close();`);
      await runOldService(
        place,
        OLD,
        `${old} await new Promise((resolve) => channel.consume("${formats} after", (message) => { channel.ack(message); resolve(); }));
       await connection.close();`,
      );
      expect(new Set(sink.spans.map(({ traceId }) => traceId)).size).toBe(1);
      expect(of("new", CONSUMER).parentSpanId).toBe(of("old", PRODUCER).spanId);
      expect(of("old", CONSUMER).parentSpanId).toBe(of("new", PRODUCER).spanId);
    },
  );

  test("a handler without a promise lasts until its message is acknowledged, and fetching links", async () => {
    await run(`${connect} await channel.assertQueue("slow");
      await span("caller", async () => {
        channel.publish("", "slow", Buffer.from("1"), undefined, () => span("confirmed", () => {}));
        channel.publish("", "slow", Buffer.from("2"));
        await channel.waitForConfirms();
      });
      let seen = 0;
      await new Promise((resolve) => channel.consume("slow", (message) => {
        setTimeout(() => { channel.ack(message); if (++seen === 2) resolve(); }, 50);
      }));
      await channel.assertQueue("pulled"); const none = await channel.get("pulled");
      if (none !== false) throw new Error("not empty");
      channel.sendToQueue("pulled", Buffer.from("3")); await channel.waitForConfirms();
      await span("fetcher", async () => { const message = await channel.get("pulled"); channel.reject(message, false); });
      await connection.close();`);
    const caller = await sink.span("caller");
    const processed = sink.spans.filter(({ name }) => name === "process slow");
    expect(processed).toHaveLength(2);
    for (const { traceId, startTimeUnixNano, endTimeUnixNano } of processed) {
      expect(traceId).toBe(caller.traceId);
      expect(Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6).toBeGreaterThan(45);
    }
    expect((await sink.span("confirmed")).parentSpanId).toBe(caller.spanId);
    const received = await sink.span("receive pulled");
    expect(received.parentSpanId).toBe((await sink.span("fetcher")).spanId);
    expect(received.links).toHaveLength(1);
  });

  test("a rejection of a handler ends the process as it does without us", async () => {
    const source = `${connect} await channel.assertQueue("bad"); channel.sendToQueue("bad", Buffer.from("x"));
      await channel.waitForConfirms();
      await channel.consume("bad", async () => { throw new Error("handler broke"); }, { noAck: true });
      setTimeout(() => process.exit(7), 5000);`;
    const ending = await runProgram(place, "mjs", imports + source);
    expect(ending.code).toBe(1);
    expect(ending.stderr).toContain("handler broke");
    expect((await sink.span("process bad")).status).toMatchObject({ code: 2 });
  });

  test("with CLEW_SDK_MESSAGING_PARENT=link a message begins a trace of its own", async () => {
    place.env["CLEW_SDK_MESSAGING_PARENT"] = " link ";
    await run(`${connect} await channel.assertQueue("linked");
      channel.sendToQueue("linked", Buffer.from("x")); await channel.waitForConfirms();
      await new Promise((resolve) => channel.consume("linked", async () => resolve(), { noAck: true }));
      await connection.close();`);
    const [sent, processed] = [of("new", PRODUCER), of("new", CONSUMER)];
    expect(processed.traceId).not.toBe(sent.traceId);
    expect(processed.links).toMatchObject([{ traceId: sent.traceId, spanId: sent.spanId }]);
  });

  const waited = `const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const filled = async (queue) => { await channel.assertQueue(queue); channel.sendToQueue(queue, Buffer.from("x")); await channel.waitForConfirms(); };`;
  const msOf = ({ startTimeUnixNano, endTimeUnixNano }: ReceivedSpan): number =>
    Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6;

  test("a handler that acknowledges early lasts as long as its promise, and may still fail; a timer is no promise", async () => {
    await run(`${connect} ${waited} process.once("unhandledRejection", () => {});
      await filled("early");
      await new Promise((resolve) => channel.consume("early", async (message) => { channel.ack(message); await wait(50); resolve(); throw new Error("late"); }));
      await filled("timed");
      await new Promise((resolve) => channel.consume("timed", (message) => setTimeout(() => { channel.ack(message); resolve(); }, 50)));
      await filled("lost");
      await new Promise((resolve) => channel.consume("lost", () => resolve()));
      await connection.close();`);
    const early = await sink.span("process early");
    expect(early.status?.code).toBe(2);
    expect(msOf(early)).toBeGreaterThan(45);
    expect(msOf(await sink.span("process timed"))).toBeGreaterThan(45);
    expect((await sink.span("process lost")).attributes).not.toHaveProperty("clew.span.unfinished");
  });

  test("options and headers that inherit are sent as they are without us", async () => {
    const printed = await run(`${connect} await channel.assertQueue("classes");
      class Lasting { #lasting = true; get persistent() { return this.#lasting; } }
      channel.sendToQueue("classes", Buffer.from("1"), new Lasting());
      const headers = Object.assign(Object.create({ inherited: 1 }), { own: 2 });
      channel.sendToQueue("classes", Buffer.from("2"), Object.freeze({ headers: Object.freeze(headers) }));
      await channel.waitForConfirms();
      const [one, two] = [await channel.get("classes"), await channel.get("classes")];
      const { traceparent, ...others } = two.properties.headers;
      console.log(JSON.stringify([one.properties.deliveryMode, typeof traceparent, others])); await connection.close();`);
    expect(JSON.parse(printed)).toEqual([2, "string", { inherited: 1, own: 2 }]);
  });

  test("baggage that does not fit into a frame stays behind: the broker would close the connection", async () => {
    place.env["BAGGAGE"] = Array.from(
      { length: 60 },
      (_, at) => `k${at}=${"v".repeat(100)}`,
    ).join();
    const printed =
      await run(`const connection = await amqp.connect(process.env.AMQP + "?frameMax=4096");
      const channel = await connection.createConfirmChannel(); await channel.assertQueue("framed");
      channel.sendToQueue("framed", Buffer.from("x")); await channel.waitForConfirms();
      console.log(Object.keys((await channel.get("framed")).properties.headers).join()); await connection.close();`);
    expect(printed).toBe("traceparent\n");
  });

  test("queues that the broker has named do not name spans", async () => {
    await run(`${connect} await channel.assertQueue("rpc"); await channel.assertExchange("news", "fanout");
      await channel.consume("rpc", (message) => { channel.sendToQueue(message.properties.replyTo, Buffer.from("answer")); channel.ack(message); });
      const { queue } = await channel.assertQueue("", { exclusive: true }); await channel.bindQueue(queue, "news", "");
      await new Promise((resolve) => void channel.consume("amq.rabbitmq.reply-to", resolve, { noAck: true }).then(() =>
        channel.sendToQueue("rpc", Buffer.from("question"), { replyTo: "amq.rabbitmq.reply-to" })));
      await new Promise((resolve) => void channel.consume(queue, resolve, { noAck: true }).then(() => channel.publish("news", "", Buffer.from("x"))));
      await connection.close();`);
    const names = sink.spans.map(({ name }) => name);
    expect(names).toHaveLength(6);
    expect(new Set(names)).toEqual(
      new Set([
        "send rpc",
        "process rpc",
        "send (temporary)",
        "process (temporary)",
        "send news",
        "process news",
      ]),
    );
  });

  test("callbacks: fetching without one is what it was", async () => {
    await run(`import { createRequire } from "node:module"; const { connect } = createRequire(import.meta.url)("amqplib/callback_api");
      connect(process.env.AMQP, (_, connection) => connection.createChannel((_, channel) => channel.assertQueue("called", {}, () => {
        if (channel.get("called") !== channel) throw new Error("not the channel");
        channel.get("called", {}, (error, message) => { if (error !== null || message !== false) throw new Error("not empty"); connection.close(); });
      })));`);
  });
});
