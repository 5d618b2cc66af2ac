// The helpers as a program uses them, with the tracer in this process.

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { span } from "../index.ts";
import {
  batch,
  carry,
  consume,
  type Message,
  mapCarrier,
  process as processOne,
  publish,
  publishBatch,
  resume,
  settle,
} from "../messaging.ts";
import { running } from "../sdk.ts";
import { expectTrace, recordTraces, type TraceRecorder } from "../testing.ts";

let traces: TraceRecorder;
beforeAll(async () => {
  traces = await recordTraces();
});
beforeEach(() => traces.clear());
afterAll(async () => {
  await running()?.shutdown();
  await traces.stop();
});

type Headers = Record<string, string>;
const orders = { system: "kafka", destination: "orders" };
const at = (headers: Headers): Message => ({ ...orders, carrier: mapCarrier(headers) });
const all = async (count: number) =>
  (await traces.waitFor((spans) => (spans.length === count ? [...spans] : undefined), 3000)) ?? [];

test("a message that is processed links to its sender, or is its child when that is wanted", async () => {
  const headers: Headers = {};
  const sent = await span("caller", async () => await publish(at(headers), async () => "sent"));
  expect(sent).toBe("sent");
  expect(processOne(at(headers), () => 7)).toBe(7);
  await span("poller", async () => {
    await processOne(at(headers), async () => {}, { parent: "message" });
    settle("ack", at(headers), () => {});
  });
  const spans = await all(6);
  const sender = spans.find(({ name }) => name === "send orders");
  const [linked, child] = spans.filter(({ name }) => name === "process orders");
  const poller = spans.find(({ name }) => name === "poller");
  expect(headers["traceparent"]).toBe(`00-${sender?.traceId}-${sender?.spanId}-01`);
  expect(linked?.traceId).not.toBe(sender?.traceId);
  expect(linked?.links[0]?.spanId).toBe(sender?.spanId);
  expect(child?.parentSpanId).toBe(sender?.spanId);
  expect(child?.links[0]?.spanId).toBe(poller?.spanId);
  const settled = spans.find(({ name }) => name === "ack orders");
  expect(settled).toMatchObject({ kind: "client", parentSpanId: poller?.spanId });
  expect(settled?.attributes["messaging.operation.type"]).toBe("settle");
});

test("a batch is one story: create and send, receive and process, each with its own time", async () => {
  const list: Headers[] = [{}, {}];
  publishBatch(
    orders,
    list.map((headers) => ({ carrier: mapCarrier(headers) })),
    () => {},
  );
  const order: number[] = [];
  await batch(list, {
    place: orders,
    describe: (headers) => ({ carrier: mapCarrier(headers) }),
    each: async (headers) => void order.push(await Promise.resolve(list.indexOf(headers))),
  });
  expect(order).toEqual([0, 1]);
  const spans = await all(6);
  const of = (name: string) => spans.filter((one) => one.name === `${name} orders`);
  const created = of("create").map(({ spanId }) => spanId);
  const links = (name: string) => of(name).flatMap((one) => one.links.map(({ spanId }) => spanId));
  expect(links("send")).toEqual(created);
  expect(links("receive")).toEqual(created);
  expect(links("process")).toEqual(created);
  expect(of("receive")[0]?.attributes["messaging.batch.message_count"]).toBe(2n);
  await expectTrace(traces, { root: "send orders" }).toHaveSpan("send orders");
});

test("a failure stays one: of one message, of a batch, of a send", async () => {
  const broken = async (): Promise<never> => await Promise.reject(new Error("broke"));
  await expect(publish(at({}), broken)).rejects.toThrow("broke");
  await expect(processOne(at({}), broken)).rejects.toThrow("broke");
  expect(() =>
    processOne(at({}), () => {
      throw new Error("at once");
    }),
  ).toThrow("at once");
  const choices = { place: orders, describe: () => ({}), each: broken };
  await expect(batch([1, 2], choices)).rejects.toThrow("broke");
  const spans = await all(5);
  expect(spans.filter(({ status }) => status === "error")).toHaveLength(4);
});

test("messages that were fetched ahead and are not processed make no spans", async () => {
  const seen: number[] = [];
  for await (const one of consume([1, 2, 3], () => at({}))) {
    if (one.message === 2) one.process((message) => seen.push(message));
  }
  expect(seen).toEqual([2]);
  expect(await all(1)).toHaveLength(1);
});

test("context is handed over by hand as plain texts, and what is none changes nothing", async () => {
  const carried = await span("caller", async () => structuredClone(carry()));
  resume(carried, () => span("resumed", () => {}));
  expect(resume(undefined, () => 1)).toBe(1);
  resume({ traceparent: "garbage" }, () => span("alone", () => {}));
  const spans = await all(3);
  const [caller, resumed, alone] = ["caller", "resumed", "alone"].map((name) =>
    spans.find((one) => one.name === name),
  );
  expect(resumed?.parentSpanId).toBe(caller?.spanId);
  expect(alone?.parentSpanId).toBe("");
});

test("work goes on without context where what a message carries is none", () => {
  for (const carried of [null, undefined, "text", 7, [], { get: 1 }]) {
    expect(resume(carried as object, () => "done")).toBe("done");
  }
});

test("a carrier of the program's own that fails costs the context, not the message", async () => {
  const fails = (): never => {
    throw new Error("no headers");
  };
  const message = { ...orders, carrier: { get: fails, set: fails } };
  expect(publish(message, () => "sent")).toBe("sent");
  expect(processOne(message, () => "processed")).toBe("processed");
  expect(await all(2)).toHaveLength(2);
});
