// NATS and JetStream with a real server: the package `nats`, and @nats-io/*; on the other side a service that writes and
// reads headers with OpenTelemetry's own propagator, as there is no instrumentation of NATS by OpenTelemetry.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Broker, hasBroker, startBroker } from "../testing/brokers.ts";
import { CONSUMER, PRODUCER, ProgramBench } from "../testing/program-bench.ts";

describe.skipIf(!hasBroker("nats"))("nats (skipped without nats-server)", () => {
  let broker: Broker;
  let bench: ProgramBench;
  beforeAll(async () => {
    broker = await startBroker("nats");
  });
  afterAll(async () => await broker.stop());
  beforeEach(async () => {
    bench = await ProgramBench.start({ NATS: `127.0.0.1:${broker.port}` });
  });
  afterEach(async () => await bench.stop());

  const open = `const nc = await connect({ servers: process.env.NATS });`;

  describe.each(["nats", "@nats-io/transport-node"])("%s", (library) => {
    const imports = `import { connect, headers } from "${library}"; import { span } from "%sdk%";
      import { consume, natsMessage } from "@clew/sdk/messaging";`;

    test("a request is one trace over both halves, and an answer makes no span", async () => {
      await bench.run(`${imports} ${open}
        nc.subscribe("orders.*", { queue: "workers", callback: (error, m) => span("handler", () => m.respond("done")) });
        await nc.flush();
        const h = headers(); h.append("mine", "1");
        await span("caller", async () => {
          const answer = await nc.request("orders.new", "hello", { timeout: 2000, headers: h });
          if (answer.string() !== "done") throw new Error("wrong answer");
        });
        if (h.keys().length !== 1) throw new Error("the program's headers were changed");
        await nc.drain();`);
      const sent = bench.named("send orders.new");
      const processed = bench.named("process orders.new");
      expect(sent.parentSpanId).toBe(bench.named("caller").spanId);
      expect(processed.parentSpanId).toBe(sent.spanId);
      expect(bench.named("handler").parentSpanId).toBe(processed.spanId);
      expect(bench.sink.spans).toHaveLength(4);
      expect(sent).toMatchObject({ kind: PRODUCER });
      expect(processed).toMatchObject({
        kind: CONSUMER,
        attributes: {
          "messaging.system": "nats",
          "messaging.destination.name": "orders.new",
          "messaging.consumer.group.name": "workers",
          "messaging.message.body.size": 5,
        },
      });
      expect(BigInt(sent.endTimeUnixNano)).toBeGreaterThanOrEqual(
        BigInt(processed.startTimeUnixNano),
      );
    });

    test("context goes from OpenTelemetry through ours to OpenTelemetry, with loops by consume()", async () => {
      const old = `const { connect, headers } = require("${library}"); ${open}`;
      const receiving = bench.run(`${imports} ${open}
        const sub = nc.subscribe("first", { max: 2 }); await nc.flush(); console.log("ready");
        for await (const m of consume(sub, natsMessage, { parent: "message" })) {
          await m.process(async (message) => { if (message.string() === "go") nc.publish("second", "on"); });
        }
        await nc.drain();`);
      await bench.runOld(
        "",
        `${old}
        const setter = { set: (h, k, v) => h.set(k, v) };
        const getter = { keys: (h) => h.keys(), get: (h, k) => h.get(k) || undefined };
        let got; const answered = new Promise((resolve) => { got = resolve; });
        nc.subscribe("second", { callback: (error, m) => {
          tracer.startSpan("old receives", {}, propagation.extract(context.active(), m.headers, getter)).end(); got();
        } });
        await nc.flush();
        await tracer.startActiveSpan("old sends", async (one) => {
          const h = headers(); propagation.inject(context.active(), h, setter);
          let sent = false;
          // Until the other side listens.
          while (!sent) {
            try { await nc.request("first", "ping", { timeout: 100 }); sent = true; }
            catch (error) { sent = !/503|no responders/i.test(error.code + error.message); await new Promise((r) => setTimeout(r, 20)); }
          }
          nc.publish("first", "go", { headers: h }); await answered; one.end();
        });
        await nc.drain()`,
      );
      await receiving;
      const sent = bench.named("old sends");
      const processed = bench.of(CONSUMER).find(({ parentSpanId }) => parentSpanId === sent.spanId);
      expect(processed?.traceId).toBe(sent.traceId);
      const resent = bench.named("send second");
      expect(resent.parentSpanId).toBe(processed?.spanId);
      expect(bench.named("old receives").parentSpanId).toBe(resent.spanId);
    });

    test("messages without a span around, and servers' own subjects, work as before", async () => {
      await bench.run(`${imports} ${open}
        const got = []; nc.subscribe("plain", { callback: (error, m) => got.push(m.string()) });
        nc.publish("plain", "1"); nc.publish("plain", new Uint8Array([50])); nc.publish("plain");
        let thrown; try { nc.publish(""); } catch (error) { thrown = error; }
        await nc.flush(); await new Promise((resolve) => setImmediate(resolve));
        if (got.join() !== "1,2,") throw new Error(got.join()); if (!thrown) throw new Error("no error");
        await nc.drain();`);
      expect(bench.of(CONSUMER)).toHaveLength(3);
      const failed = bench.of(PRODUCER).find(({ status }) => status?.code === 2);
      expect(failed?.attributes["error.type"]).toBeTypeOf("string");
    });

    test("headers never make a message too large, and keep their status; other senders' names are read", async () => {
      const printed = await bench.run(`${imports} ${open}
        const got = []; let done; const all = new Promise((resolve) => { done = resolve; });
        nc.subscribe("sized", { callback: (error, m) => { got.push([m.data.length, m.headers?.code ?? 0, m.headers?.keys().includes("traceparent") ?? false]); if (got.length === 3) done(); } });
        nc.publish("sized", new Uint8Array(nc.info.max_payload));
        const status = headers(503, "busy"); status.set("a", "1"); nc.publish("sized", "x", { headers: status });
        const h = headers(); h.set("Traceparent", "00-${"a".repeat(32)}-${"b".repeat(16)}-01");
        nc.subscribe("forwarded", { callback: (error, m) => nc.publish("sized", "y", { headers: m.headers }) });
        nc.protocol.publish("forwarded", new Uint8Array(), { headers: h });
        await all; console.log(JSON.stringify(got)); await nc.drain();`);
      const got = JSON.parse(printed) as [number, number, boolean][];
      expect(got.map(([, ...more]) => more)).toEqual([
        [0, false],
        [503, true],
        [0, true],
      ]);
      expect(bench.named("process forwarded").parentSpanId).toBe("b".repeat(16));
      const sized = bench.of(CONSUMER).filter(({ name }) => name === "process sized");
      expect(sized.at(-1)?.traceId).toBe("a".repeat(32));
    });
  });

  test("the older JetStream interface: callbacks with inboxes are traced, heartbeats and stores are not", async () => {
    await bench.run(`import { connect, consumerOpts, createInbox } from "nats"; import { flush, span } from "%sdk%"; ${open}
      const manager = await nc.jetstreamManager(); const js = nc.jetstream();
      await manager.streams.add({ name: "old", subjects: ["old.>"] });
      const listen = async (deliver) => {
        const opts = consumerOpts(); opts.ackExplicit(); opts.manualAck(); opts.idleHeartbeat(500); opts.deliverTo(deliver);
        let seen; const message = new Promise((resolve) => { seen = resolve; });
        opts.callback((error, m) => { if (m) { m.ack(); seen(); } });
        await js.subscribe("old.>", opts); return { message };
      };
      const listeners = [await listen(createInbox()), await listen("delivered")];
      let beats = 0; nc.subscribe("delivered", { callback: (error, m) => { if (m.headers?.code === 100) beats++; } });
      await js.publish("old.a"); for (const { message } of listeners) await message;
      const kv = await js.views.kv("store"); const watched = await kv.watch({ key: "k" });
      await kv.put("k", "v"); for await (const entry of watched) { if (entry.key === "k") break; }
      while (beats === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      await nc.close(); await flush(); process.exit(0);`);
    expect(bench.of(CONSUMER).map(({ name }) => name)).toEqual(Array(3).fill("process old.a"));
  });

  test.each([
    ["nats", `nc.jetstream()`, `await nc.jetstreamManager()`, `import { connect } from "nats";`],
    [
      "@nats-io/jetstream",
      `jetstream(nc)`,
      `await jetstreamManager(nc)`,
      `import { connect } from "@nats-io/transport-node"; import { jetstream, jetstreamManager } from "@nats-io/jetstream";`,
    ],
  ])(
    "JetStream of %s: stored and consumed messages are one trace",
    async (name, js, jsm, imports) => {
      const id = name.replaceAll(/\W/g, "");
      await bench.run(`${imports} import { flush, span } from "%sdk%"; ${open}
      const manager = ${jsm}; const js = ${js};
      await manager.streams.add({ name: "${id}", subjects: ["${id}.>"] });
      await manager.consumers.add("${id}", { durable_name: "c", ack_policy: "explicit" });
      await span("caller", () => js.publish("${id}.a", new TextEncoder().encode("x")));
      const consumer = await js.consumers.get("${id}", "c");
      await new Promise((resolve) => consumer.consume({ callback: (m) => span("handler", () => { m.ack(); resolve(); }) }));
      await nc.close(); await flush();
      process.exit(0); // the package "nats" leaves a timer behind
      `);
      const sent = bench.named(`send ${id}.a`);
      const processed = bench.named(`process ${id}.a`);
      expect(sent.parentSpanId).toBe(bench.named("caller").spanId);
      expect(processed.parentSpanId).toBe(sent.spanId);
      expect(bench.named("handler").parentSpanId).toBe(processed.spanId);
      expect(bench.sink.spans).toHaveLength(4);
    },
  );
});
