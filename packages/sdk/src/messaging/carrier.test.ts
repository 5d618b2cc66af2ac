// Carriers of all kinds: what is written can be read, and nothing that a message brings along makes them throw.

import fc from "fast-check";
import { headers as natsHeaders } from "nats";
import { expect, test } from "vitest";
import {
  bullmqCarrier,
  type Carrier,
  cloudEventCarrier,
  fieldsCarrier,
  jsonCarrier,
  kafkaCarrier,
  limitedCarrier,
  mapCarrier,
  natsCarrier,
} from "./carrier.ts";
import { type SqsMessage, sqsCarrier } from "./sqs-carrier.ts";

const TRACEPARENT = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;

const KINDS: readonly [string, (carried: never) => Carrier, () => unknown][] = [
  ["a map", mapCarrier, () => ({})],
  ["NATS headers", natsCarrier, () => natsHeaders()],
  ["HTTP headers", natsCarrier, () => new Headers()],
  ["Kafka's object", kafkaCarrier, () => ({ other: Buffer.from("x") })],
  ["Kafka's map of text", kafkaCarrier, () => new Map([["other", "x"]])],
  ["Kafka's map of bytes", kafkaCarrier, () => new Map([[Buffer.from("other"), Buffer.from("x")]])],
  ["Kafka's list", kafkaCarrier, () => [{ other: Buffer.from("x") }]],
  ["Redis' list", fieldsCarrier, () => ["other", "x"]],
  ["Redis' object", fieldsCarrier, () => ({ other: "x" })],
  ["SQS", sqsCarrier, () => ({})],
  ["a BullMQ job", bullmqCarrier, () => ({})],
  ["a CloudEvent", cloudEventCarrier, () => ({ id: "1" })],
];

test.each(KINDS)("%s: what is written is read", (_, carrier, make) => {
  const message = make() as never;
  carrier(message).set("traceparent", TRACEPARENT);
  carrier(message).set("tracestate", "a=1");
  expect(carrier(message).get("traceparent")).toBe(TRACEPARENT);
  expect(carrier(message).get("tracestate")).toBe("a=1");
  expect(carrier(message).get("baggage")).toBeUndefined();
});

/** Objects whose every property throws, cycles, and whatever else there is. */
const cycle: Record<string, unknown> = { MessageAttributes: {}, Body: "{", telemetry: {} };
cycle["self"] = cycle;
(cycle["MessageAttributes"] as Record<string, unknown>)["traceparent"] = cycle;
const throwing = new Proxy(
  {},
  Object.fromEntries(
    ["get", "has", "set", "ownKeys", "getOwnPropertyDescriptor", "defineProperty"].map((trap) => [
      trap,
      () => {
        throw new Error(trap);
      },
    ]),
  ),
);
const HOSTILE: readonly unknown[] = [
  cycle,
  throwing,
  [throwing, cycle, [cycle]],
  new Map<unknown, unknown>([[throwing, cycle]]),
  Object.freeze({}),
  Object.freeze([]),
  { traceparent: cycle, telemetry: { metadata: cycle }, Body: cycle, MessageAttributes: throwing },
  { telemetry: { metadata: '{"traceparent":{"a":1}}' }, Body: '{"Type":"Notification"}' },
  { get: 1, set: 2 },
  null,
  undefined,
];

test.each(KINDS)("%s: nothing makes it throw", (_, carrier) => {
  const harmless = (message: unknown): void => {
    const it = carrier(message as never);
    for (const name of ["traceparent", "x-amzn-trace-id", "__proto__", ""]) {
      const found = it.get(name);
      expect(found === undefined || typeof found === "string").toBe(true);
    }
    it.set("traceparent", TRACEPARENT);
  };
  for (const message of HOSTILE) harmless(message);
  fc.assert(fc.property(fc.anything({ withMap: true, withNullPrototype: true }), harmless));
});

test("names are found in any case, bytes are text, repeated values are joined, long ones are none", () => {
  expect(mapCarrier({ TraceParent: Buffer.from("x") }).get("traceparent")).toBe("x");
  expect(mapCarrier({ traceparent: ["a", Buffer.from("b")] }).get("traceparent")).toBe("a,b");
  expect(mapCarrier({ traceparent: 7 }).get("traceparent")).toBeUndefined();
  expect(mapCarrier({ traceparent: "x".repeat(20_000) }).get("traceparent")).toBeUndefined();
  expect(mapCarrier({}).get("constructor")).toBeUndefined();
});

test("of several values of a Kafka header the last counts, which a forwarded record got last", () => {
  const [old, newer] = [Buffer.from("old"), Buffer.from("newer")];
  expect(kafkaCarrier([{ traceparent: old }, { traceparent: newer }]).get("traceparent")).toBe(
    "newer",
  );
  expect(kafkaCarrier({ traceparent: [old, newer] }).get("traceparent")).toBe("newer");
  const forwarded = [{ traceparent: old }];
  kafkaCarrier(forwarded).set("traceparent", TRACEPARENT);
  expect(kafkaCarrier(forwarded).get("traceparent")).toBe(TRACEPARENT);
});

test("a forwarded message names its new sender in whatever spelling the former one had", () => {
  const headers = natsHeaders();
  headers.set("Traceparent", "old");
  expect(natsCarrier(headers).get("traceparent")).toBe("old");
  natsCarrier(headers).set("traceparent", TRACEPARENT);
  expect(headers.get("Traceparent")).toBe(TRACEPARENT);
  expect(headers.get("traceparent")).toBe(TRACEPARENT);
  const table = { "X-B3-TraceId": "old", other: 1 };
  mapCarrier(table).set("x-b3-traceid", "new");
  expect(table).toEqual({ "X-B3-TraceId": "new", "x-b3-traceid": "new", other: 1 });
});

test("where there is no room nothing is written", () => {
  const headers = {};
  const carrier = limitedCarrier(mapCarrier(headers), TRACEPARENT.length + 40);
  carrier.set("traceparent", TRACEPARENT);
  carrier.set("baggage", "x".repeat(40));
  carrier.set("b3", "0");
  expect(Object.keys(headers)).toEqual(["traceparent", "b3"]);
});

test("a field of Redis that is there is replaced, not doubled", () => {
  const fields = ["a", "1", "traceparent", "old"];
  fieldsCarrier(fields).set("traceparent", "new");
  expect(fields).toEqual(["a", "1", "traceparent", "new"]);
});

test("an event keeps the trace that it began in, and a tracestate is never put beside a foreign traceparent", () => {
  const event = { traceparent: "first" } as Record<string, string>;
  cloudEventCarrier(event).set("traceparent", "second");
  cloudEventCarrier(event).set("tracestate", "a=1");
  cloudEventCarrier(event).set("baggage", "a=1");
  expect(event).toEqual({ traceparent: "first" });
  expect(cloudEventCarrier({ "Ce-Traceparent": TRACEPARENT }).get("traceparent")).toBe(TRACEPARENT);
});

test("a payload is read where it is an object of JSON of sensible size", () => {
  const payload = JSON.stringify({ traceparent: TRACEPARENT, more: [1] });
  expect(jsonCarrier(payload).get("traceparent")).toBe(TRACEPARENT);
  expect(jsonCarrier(Buffer.from(payload)).get("traceparent")).toBe(TRACEPARENT);
  for (const none of [
    "",
    "[1]",
    "{",
    '"traceparent"',
    `{"a":"${"x".repeat(2 ** 21)}"}`,
    undefined,
  ]) {
    expect(jsonCarrier(none).get("traceparent")).toBeUndefined();
  }
});

test("a job that wants no context gets none", () => {
  const options = { telemetry: { omitContext: true } };
  bullmqCarrier(options).set("traceparent", TRACEPARENT);
  expect(options).toEqual({ telemetry: { omitContext: true } });
});

test("SQS: never more than ten attributes; AWSTraceHeader steps in, both ways", () => {
  const full = (): SqsMessage => ({
    MessageAttributes: Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`a${at}`, {}])),
  });
  const queued = full();
  sqsCarrier(queued).set("traceparent", TRACEPARENT);
  sqsCarrier(queued).set("tracestate", "a=1");
  expect(Object.keys(queued.MessageAttributes ?? {})).toHaveLength(10);
  const { AWSTraceHeader } = queued.MessageSystemAttributes as Record<
    string,
    { StringValue: string }
  >;
  expect(AWSTraceHeader?.StringValue).toBe(
    `Root=1-aaaaaaaa-${"a".repeat(24)};Parent=${"b".repeat(16)};Sampled=1`,
  );
  const published = full();
  sqsCarrier(published, false).set("traceparent", TRACEPARENT);
  expect(published).toEqual(full());
  const received = { Attributes: { AWSTraceHeader: AWSTraceHeader?.StringValue } };
  expect(sqsCarrier(received).get("traceparent")).toBe(TRACEPARENT);
  // A record of a Lambda's event, and a header that leaves the decision open.
  const record = { attributes: { AWSTraceHeader: AWSTraceHeader?.StringValue }, body: "x" };
  expect(sqsCarrier(record).get("traceparent")).toBe(TRACEPARENT);
  const open = { Attributes: { AWSTraceHeader: `Root=1-aaaaaaaa-${"a".repeat(24)}` } };
  expect(sqsCarrier(open).get("traceparent")).toBeUndefined();
  const lambda = { messageAttributes: { traceparent: { stringValue: TRACEPARENT } } };
  expect(sqsCarrier(lambda).get("traceparent")).toBe(TRACEPARENT);
});
