// Streams of Redis: with a real server and both clients, whose instrumentations call these functions; and arguments and
// answers of any kind.

import fc from "fast-check";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Messaging } from "../messaging/operation.ts";
import { batch, process as processOne, redisEntry } from "../messaging.ts";
import { running } from "../sdk.ts";
import { type Broker, hasBroker, startBroker } from "../testing/brokers.ts";
import { recordTraces, type TraceRecorder } from "../testing.ts";
import { beginStreamAdd, noteStreamRead, streamEntries, streamRead } from "./redis-streams.ts";

let traces: TraceRecorder;
let messaging: Messaging;
beforeAll(async () => {
  traces = await recordTraces();
  messaging = new Messaging(running() as NonNullable<ReturnType<typeof running>>, "test");
});
afterAll(async () => {
  await running()?.shutdown();
  await traces.stop();
});
beforeEach(() => traces.clear());

/** Begins and ends the span of an XADD; gives what is sent. */
function added(args: readonly unknown[]): unknown[] | undefined {
  const add = beginStreamAdd(messaging, args);
  add?.begun.span.end();
  return add?.args;
}

test("the fields of the context stand behind those of the program, whatever the options", () => {
  const fields = ["a", "1", "b", Buffer.from("2")];
  for (const head of [
    ["s", "*"],
    ["s", "NOMKSTREAM", "1-1"],
    ["s", "MAXLEN", "~", 1000, "LIMIT", 10, "*"],
    ["s", "nomkstream", "KEEPREF", "minid", "=", "1-0", "*"],
    ["s", "maxlen", "5", "7-*"],
    [Buffer.from("s"), "*"],
  ]) {
    const args = [...head, ...fields];
    const sent = added(args) ?? [];
    expect(sent.slice(0, args.length)).toEqual(args);
    expect(sent[args.length]).toBe("traceparent");
    expect(sent).toHaveLength(args.length + 2);
  }
});

test("what is no XADD of Redis stays as it is", () => {
  for (const args of [
    [],
    ["s"],
    ["s", "*"],
    ["s", "*", "a"],
    [{}, "*", "a", "1"],
    ["s", "MAXLEN"],
  ]) {
    expect(added(args)).toBeUndefined();
  }
});

test("answers of any shape are read or left alone, and never throw", () => {
  fc.assert(
    fc.property(fc.anything({ withMap: true, withNullPrototype: true }), (answer) => {
      expect(Array.isArray(streamEntries(answer))).toBe(true);
      for (const name of ["XREAD", "XREADGROUP", "XRANGE", "XCLAIM", "XAUTOCLAIM"]) {
        const entries = streamRead(name, [answer, answer])?.entries(answer) ?? [];
        noteStreamRead(messaging, entries, 0);
      }
    }),
  );
  const entry = { stream: "s", id: "1-0", fields: ["a", "1"] };
  expect(streamEntries([["s", [["1-0", ["a", "1"]]]]])).toEqual([entry]);
  expect(streamEntries(new Map([["s", [["1-0", ["a", "1"]]]]]))).toEqual([entry]);
  expect(streamEntries({ s: [["1-0", ["a", "1"]]] })).toEqual([entry]);
  expect(streamEntries([{ name: "s", messages: [{ id: "1-0", message: { a: "1" } }] }])).toEqual([
    { ...entry, fields: { a: "1" } },
  ]);
  expect(streamEntries(null)).toEqual([]);
  const group = ["GROUP", "g", "me", "STREAMS", "s", ">"];
  expect(streamRead("XREADGROUP", group)?.group).toBe("g");
  expect(streamRead("XREADGROUP", ["COUNT", 1])?.group).toBeUndefined();
  expect(streamRead("XLEN", ["s"])).toBeUndefined();
});

describe.skipIf(!hasBroker("redis"))("with a server (skipped without redis-server)", () => {
  let broker: Broker;
  let io: Redis;
  let node: ReturnType<typeof createClient>;
  beforeAll(async () => {
    broker = await startBroker("redis");
    io = new Redis(broker.port, "127.0.0.1");
    node = createClient({ url: `redis://127.0.0.1:${broker.port}` });
    await node.connect();
  });
  afterAll(async () => {
    io.disconnect();
    node.destroy();
    await broker.stop();
  });
  afterEach(async () => void (await io.flushall()));

  test("entries that one client adds are read by the other with their context, in a group too", async () => {
    const sent = added(["orders", "*", "id", "7"]) as string[];
    await io.call("XADD", ...sent);
    const read = (await node.xRead({ key: "orders", id: "0" })) as unknown;
    noteStreamRead(messaging, streamEntries(read), performance.now());
    await io.xgroup("CREATE", "orders", "workers", "0");
    const answer = await io.xreadgroup(
      "GROUP",
      "workers",
      "me",
      "COUNT",
      9,
      "STREAMS",
      "orders",
      ">",
    );
    const entries = streamEntries(answer);
    await batch(entries, {
      place: { system: "redis", destination: "orders", consumerGroup: "workers" },
      describe: ({ stream, id, fields }) => redisEntry(stream, id, fields),
      each: async () => {},
      parent: "message",
    });
    for (const { stream, id, fields } of streamEntries(read)) {
      processOne(redisEntry(stream, id, fields), () => {}, { parent: "message" });
    }
    const spans = await traces.waitFor((all) => (all.length === 5 ? all : undefined), 5000);
    const [sender] = (spans ?? []).filter(({ kind }) => kind === "producer");
    expect(sender?.name).toBe("send orders");
    const receives = (spans ?? []).filter(({ kind }) => kind === "client");
    expect(receives.map(({ links }) => links[0]?.spanId)).toEqual([sender?.spanId, sender?.spanId]);
    const processed = (spans ?? []).filter(({ kind }) => kind === "consumer");
    expect(processed.map(({ parentSpanId }) => parentSpanId)).toEqual([
      sender?.spanId,
      sender?.spanId,
    ]);
    expect(processed[0]?.attributes["messaging.consumer.group.name"]).toBe("workers");
  });
});
