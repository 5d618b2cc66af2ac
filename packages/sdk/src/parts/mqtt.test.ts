// mqtt with a real Mosquitto, MQTT 5 and 3.1.1; on the other side a service with OpenTelemetry's own propagator.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Broker, hasBroker, startBroker } from "../testing/brokers.ts";
import { CONSUMER, PRODUCER, ProgramBench } from "../testing/program-bench.ts";

describe.skipIf(!hasBroker("mosquitto"))("mqtt (skipped without mosquitto)", () => {
  let broker: Broker;
  let bench: ProgramBench;
  beforeAll(async () => {
    broker = await startBroker("mosquitto");
  });
  afterAll(async () => await broker.stop());
  beforeEach(async () => {
    bench = await ProgramBench.start({ MQTT: `mqtt://127.0.0.1:${broker.port}` });
  });
  afterEach(async () => await bench.stop());

  const imports = `import mqtt from "mqtt"; import { span } from "%sdk%"; import { carry, jsonCarrier, resume } from "@clew/sdk/messaging";`;
  const open = (version: number) =>
    `const client = await mqtt.connectAsync(process.env.MQTT, { protocolVersion: ${version} });`;

  test("a message of MQTT 5 is one trace, and lasts as long as its handler", async () => {
    await bench.run(`${imports} ${open(5)}
      await client.subscribeAsync("orders/+");
      const seen = new Promise((resolve) => client.on("message", async (topic, payload, packet) => {
        await new Promise((done) => setTimeout(done, 30));
        await span("handler", async () => {}); resolve(packet.properties.userProperties);
      }));
      const mine = { properties: { userProperties: { mine: "1" } }, qos: 1 };
      await span("caller", () => client.publishAsync("orders/1", "hello", mine));
      const properties = await seen;
      if (properties.mine !== "1" || Object.keys(mine.properties.userProperties).length !== 1) throw new Error("properties");
      await client.endAsync();`);
    const sent = bench.named("send orders/1");
    const processed = bench.named("process orders/1");
    expect(sent.parentSpanId).toBe(bench.named("caller").spanId);
    expect(processed.parentSpanId).toBe(sent.spanId);
    expect(bench.named("handler").parentSpanId).toBe(processed.spanId);
    const ms =
      Number(BigInt(processed.endTimeUnixNano) - BigInt(processed.startTimeUnixNano)) / 1e6;
    expect(ms).toBeGreaterThan(28);
    expect(processed.attributes).toMatchObject({
      "messaging.system": "mqtt",
      "messaging.destination.name": "orders/1",
      "messaging.message.body.size": 5,
      "server.port": broker.port,
    });
  });

  test("context goes from OpenTelemetry through ours to OpenTelemetry", async () => {
    // The broker keeps messages for a session between its connections.
    const session = `{ protocolVersion: 5, clientId: "middle", clean: false, properties: { sessionExpiryInterval: 60 } }`;
    await bench.runOld(
      "",
      `const mqtt = require("mqtt"); ${open(5)}
      const middle = await mqtt.connectAsync(process.env.MQTT, ${session});
      await middle.subscribeAsync("first", { qos: 1 }); await middle.endAsync();
      await tracer.startActiveSpan("old sends", async (one) => {
        const userProperties = {}; propagation.inject(context.active(), userProperties);
        await client.publishAsync("first", "x", { qos: 1, properties: { userProperties } }); one.end();
      });
      await client.endAsync()`,
    );
    await bench.run(`${imports} const client = mqtt.connect(process.env.MQTT, ${session});
      await new Promise((resolve) => client.once("message", async () => {
        await client.publishAsync("second", "y", { retain: true }); resolve();
      }));
      await client.endAsync();`);
    await bench.runOld(
      "",
      `const mqtt = require("mqtt"); ${open(5)}
      const seen = new Promise((resolve) => client.on("message", (topic, payload, packet) => {
        tracer.startSpan("old receives", {}, propagation.extract(context.active(), packet.properties.userProperties)).end(); resolve();
      }));
      await client.subscribeAsync("second"); await seen; await client.endAsync()`,
    );
    const [processed] = bench.of(CONSUMER);
    const [resent] = bench.of(PRODUCER);
    expect(processed?.parentSpanId).toBe(bench.named("old sends").spanId);
    expect(resent?.parentSpanId).toBe(processed?.spanId);
    expect(bench.named("old receives").parentSpanId).toBe(resent?.spanId);
    expect(bench.traces.size).toBe(1);
  });

  test("what is retained is linked to its sender: it is handed out for as long as it stands", async () => {
    await bench.run(`${imports} ${open(5)}
      await client.publishAsync("state", "on", { retain: true });
      const seen = new Promise((resolve) => client.once("message", resolve));
      await client.subscribeAsync("state"); await seen; await client.endAsync();`);
    const [processed] = bench.of(CONSUMER);
    const [sent] = bench.of(PRODUCER);
    expect(processed?.parentSpanId).toBeUndefined();
    expect(processed?.links).toMatchObject([{ spanId: sent?.spanId }]);
  });

  test("a client that is ending tells its listeners of errors, or the callback", async () => {
    const printed = await bench.run(`${imports} ${open(5)}
      client.on("error", (error) => console.log("listener", error.message));
      client.end(); client.publish("late", "x"); client.publish("late", "x", (error) => console.log("callback", error.message));`);
    expect(printed).toBe("listener client disconnecting\ncallback client disconnecting\n");
    expect(bench.of(PRODUCER).map(({ status }) => status?.code)).toEqual([2, 2]);
  });

  test("messages that a client gives up when it ends by force have failed", async () => {
    // A broker that takes the connection and never says anything.
    await bench.run(`${imports} import { createServer } from "node:net";
      const server = createServer(); const taken = new Promise((resolve) => server.once("connection", resolve));
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      const client = mqtt.connect("mqtt://127.0.0.1:" + server.address().port); client.publish("never", "x", { qos: 1 });
      const socket = await taken; await client.endAsync(true); socket.destroy(); server.close();`);
    expect(bench.named("send never").status?.code).toBe(2);
    expect(bench.named("send never").attributes).not.toHaveProperty("clew.span.unfinished");
  });

  test("MQTT 3.1.1 has spans, and context where the program puts it into the payload", async () => {
    await bench.run(`${imports} ${open(4)}
      await client.subscribeAsync("plain");
      const seen = new Promise((resolve) => client.on("message", (topic, payload) =>
        resume(jsonCarrier(payload), () => span("resumed", () => resolve()))));
      await span("caller", () => client.publishAsync("plain", JSON.stringify({ ...carry(), a: 1 })));
      await seen; await client.endAsync();`);
    const [processed] = bench.of(CONSUMER);
    expect(processed?.parentSpanId).toBeUndefined();
    expect(bench.named("resumed").parentSpanId).toBe(bench.named("caller").spanId);
  });

  test("a listener that throws or rejects ends the process as it does without us", async () => {
    for (const body of [
      `() => { throw new Error("broke"); }`,
      `async () => { throw new Error("broke"); }`,
    ]) {
      const failing = bench.run(`${imports} ${open(5)}
        await client.subscribeAsync("bad"); client.on("message", ${body}); client.publish("bad", "x");`);
      await expect(failing).rejects.toThrow(/ended with 1: [^]*broke/);
    }
    expect(bench.of(CONSUMER).map(({ status }) => status?.code)).toEqual([2, 2]);
  });
});
