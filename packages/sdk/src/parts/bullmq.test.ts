// BullMQ on a real Redis: jobs, failures with further attempts, delays, bulk and flows; and job metadata as bullmq-otel
// writes and reads it (a JSON object of headers).

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Broker, hasBroker, startBroker } from "../testing/brokers.ts";
import { writeFiles } from "../testing/program.ts";
import { CONSUMER, PRODUCER, ProgramBench } from "../testing/program-bench.ts";

describe.skipIf(!hasBroker("redis"))("bullmq (skipped without redis-server)", () => {
  let broker: Broker;
  let bench: ProgramBench;
  beforeAll(async () => {
    broker = await startBroker("redis");
  });
  afterAll(async () => await broker.stop());
  beforeEach(async () => {
    bench = await ProgramBench.start({
      PORT: `${broker.port}`,
      OTEL_NODE_DISABLED_INSTRUMENTATIONS: "ioredis,redis",
    });
  });
  afterEach(async () => await bench.stop());

  const open = `import { FlowProducer, Queue, Worker } from "bullmq"; import { span } from "%sdk%";
    const connection = { host: "127.0.0.1", port: Number(process.env.PORT), maxRetriesPerRequest: null };`;

  test("a job is one trace with each of its attempts, delayed ones too", async () => {
    await bench.run(`${open}
      const queue = new Queue("mail.out", { connection });
      let seen = 0;
      const worker = new Worker("mail.out", (job) => span("handler", async () => {
        if (++seen === 1) throw new Error("first attempt fails");
      }), { connection });
      const completed = new Promise((resolve) => worker.on("completed", resolve));
      await span("caller", () => queue.add("welcome", { to: "x" }, { attempts: 2, backoff: { type: "fixed", delay: 5 }, delay: 5 }));
      await completed; await worker.close(); await queue.close();`);
    const sent = bench.named("send mail.out");
    expect(sent.parentSpanId).toBe(bench.named("caller").spanId);
    const processed = bench.of(CONSUMER);
    expect(processed.map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([
      ["process mail.out", sent.spanId],
      ["process mail.out", sent.spanId],
    ]);
    expect(processed.map(({ status }) => status?.code ?? 0)).toEqual([2, 0]);
    expect(processed[0]?.attributes).toMatchObject({
      "messaging.system": "bullmq",
      "messaging.destination.name": "mail.out",
      "messaging.message.id": "1",
    });
    expect(bench.traces.size).toBe(1);
    expect(bench.sink.spans).toHaveLength(6);
  });

  test("metadata of bullmq-otel is understood, and ours by it; omitContext is respected", async () => {
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    await bench.runOld(
      "",
      `const { Queue } = require("bullmq");
      const queue = new Queue("mixed", { connection: { host: "127.0.0.1", port: Number(process.env.PORT) } });
      await queue.add("theirs", {}, { telemetry: { metadata: JSON.stringify({ traceparent: "${traceparent}" }) } });
      await queue.close()`,
    );
    const printed = await bench.run(`${open}
      const queue = new Queue("mixed", { connection });
      const ours = await queue.add("ours", {});
      const none = await queue.add("none", {}, { telemetry: { omitContext: true } });
      const stored = await Promise.all([ours, none].map(({ id }) => queue.getJob(id)));
      console.log(JSON.stringify(stored.map((job) => job.opts.telemetry?.metadata ?? null)));
      let left = 3; let done; const finished = new Promise((resolve) => { done = resolve; });
      const worker = new Worker("mixed", async () => {}, { connection });
      worker.on("completed", () => { if (--left === 0) done(); });
      await finished; await worker.close(); await queue.close();`);
    const [ours, none] = JSON.parse(printed) as [string, string | null];
    const sent = bench.of(PRODUCER);
    expect(JSON.parse(ours)).toEqual({
      traceparent: expect.stringContaining(sent[0]?.spanId ?? "?") as string,
    });
    expect(none).toBeNull();
    const parents = bench.of(CONSUMER).map(({ parentSpanId }) => parentSpanId);
    expect(parents[0]).toBe("b".repeat(16));
    expect(parents[1]).toBe(sent[0]?.spanId);
    expect(parents[2]).toBeUndefined();
  });

  test("bulks and flows carry context, and telemetry of the program's own is left alone", async () => {
    await bench.run(`${open}
      const queue = new Queue("bulk", { connection });
      let left = 4; let done; const finished = new Promise((resolve) => { done = resolve; });
      const workers = ["bulk", "parent"].map((name) => new Worker(name, async () => {}, { connection }));
      for (const worker of workers) worker.on("completed", () => { if (--left === 0) done(); });
      await span("caller", async () => {
        await queue.addBulk([{ name: "a", data: {} }, { name: "b", data: {} }]);
        const flow = new FlowProducer({ connection });
        await flow.add({ name: "p", queueName: "parent", children: [{ name: "c", queueName: "bulk" }] });
        await flow.close();
      });
      await finished; for (const worker of workers) await worker.close();
      const mine = { tracer: { startSpan: () => ({ setSpanOnContext: (c) => c, setAttribute() {}, setAttributes() {}, addEvent() {}, recordException() {}, end() { mine.ended = true; } }) },
        contextManager: { with: (c, f) => f(), active: () => ({}), getMetadata: () => "", fromMetadata: (c) => c } };
      const other = new Queue("bulk", { connection, telemetry: mine });
      await other.add("x", {}); if (!mine.ended) throw new Error("replaced");
      await other.close(); await queue.close();`);
    expect(bench.of(CONSUMER)).toHaveLength(4);
    expect(bench.traces.size).toBe(1);
    for (const { parentSpanId } of bench.of(CONSUMER)) expect(parentSpanId).toBeDefined();
  });

  test("jobs in a child process belong to their own traces, though the process is kept", async () => {
    writeFiles(bench.place, {
      "work.cjs": `const { span } = require("@clew/sdk"); module.exports = (job) => span("sandboxed " + job.data.n, async () => {});`,
    });
    await bench.run(`import { QueueEvents } from "bullmq"; ${open}
      const queue = new Queue("sandbox", { connection });
      const events = new QueueEvents("sandbox", { connection }); await events.waitUntilReady();
      const worker = new Worker("sandbox", process.cwd() + "/work.cjs", { connection, workerForkOptions: { execArgv: ["--require", "@clew/sdk/register"] } });
      for (const n of [1, 2]) await (await span("caller " + n, () => queue.add("x", { n }))).waitUntilFinished(events);
      await worker.close(); await queue.close(); await events.close();`);
    for (const n of [1, 2]) {
      const done = await bench.sink.span(`sandboxed ${n}`);
      expect(done.traceId).toBe(bench.named(`caller ${n}`).traceId);
      expect(bench.of(CONSUMER).map(({ spanId }) => spanId)).toContain(done.parentSpanId);
    }
  });

  test("jobs in a thread belong to their own traces, and its spans arrive though it ends at once", async () => {
    writeFiles(bench.place, {
      "work.cjs": `const { span } = require("@clew/sdk"); module.exports = (job) => span("sandboxed " + job.data.n, async () => {});`,
    });
    bench.place.env["CLEW_SDK_SPILL"] = "off"; // nothing of it comes by way of the disk
    await bench.run(`import { QueueEvents } from "bullmq"; ${open}
      const queue = new Queue("threads", { connection });
      const events = new QueueEvents("threads", { connection }); await events.waitUntilReady();
      const worker = new Worker("threads", process.cwd() + "/work.cjs", { connection, useWorkerThreads: true });
      for (const n of [1, 2]) await (await span("caller " + n, () => queue.add("x", { n }))).waitUntilFinished(events);
      await worker.close(); await queue.close(); await events.close();`);
    for (const n of [1, 2]) {
      const done = bench.named(`sandboxed ${n}`);
      expect(done.traceId).toBe(bench.named(`caller ${n}`).traceId);
      expect(bench.of(CONSUMER).map(({ spanId }) => spanId)).toContain(done.parentSpanId);
    }
  });

  test("each run of a scheduled job is a trace of its own, linked to where it was planned", async () => {
    await bench.run(`${open}
      const queue = new Queue("ticks", { connection });
      let done; const thrice = new Promise((resolve) => { done = resolve; }); let runs = 0;
      const worker = new Worker("ticks", async () => { if (++runs === 3) done(); }, { connection });
      await span("caller", () => queue.upsertJobScheduler("tick", { every: 50 }));
      await thrice; await queue.removeJobScheduler("tick"); await worker.close(); await queue.close();`);
    const [planned] = bench.of(PRODUCER);
    expect(bench.of(PRODUCER)).toHaveLength(1);
    expect(planned?.parentSpanId).toBe(bench.named("caller").spanId);
    const processed = bench.of(CONSUMER);
    expect(new Set(processed.map(({ traceId }) => traceId)).size).toBe(processed.length);
    for (const { links } of processed) expect(links).toMatchObject([{ spanId: planned?.spanId }]);
  });
});
