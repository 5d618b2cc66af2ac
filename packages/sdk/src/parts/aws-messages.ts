// Part: spans of @aws-sdk/client-sqs and client-sns. Context travels in message attributes, or in AWSTraceHeader when ten
// are taken. Receiving links to the messages; their processing is the program's code, for which there are `process()` and
// `batch()` of @clew/sdk/messaging with `sqsMessage()`.

import type { Context } from "@opentelemetry/api";
import type { Instrumentation, Tracing } from "../instrument/instrumentation.ts";
import { limitedCarrier } from "../messaging/carrier.ts";
import { lastPart, sqsMessage, sqsPlace } from "../messaging/incoming.ts";
import { type Begun, type Message, Messaging, type Place } from "../messaging/operation.ts";
import {
  attempt,
  dressed,
  type Method,
  prototypeOf,
  sizeOf,
  wrapMethod,
} from "../messaging/patching.ts";
import { endBegun, runBegun } from "../messaging/run.ts";
import { type SqsMessage, sqsCarrier } from "../messaging/sqs-carrier.ts";
import { activeContext, storage } from "../trace/context.ts";

const LIBRARY = "aws-messages";
/** What a receiver asks for, beside what the program wants. */
const WANTED = ["traceparent", "tracestate", "baggage", "x-amzn-trace-id", "b3", "uber-trace-id"];

/** Of the body with all attributes, of a message and of all in a batch; the larger one is for queues that are set so. */
const LIMITS_BYTES = [256 * 1024, 1024 * 1024];
/** Of a traceparent with its name. */
const CONTEXT_BYTES = 80;

interface Command {
  input: Record<string, unknown>;
}
type Entry = SqsMessage & { MessageBody?: unknown; Message?: unknown };
/** A command with an input of its own, and the span of it. */
interface Traced {
  readonly command: Command;
  readonly begun: Begun;
}

function withInput(command: Command, input: Record<string, unknown>): Command {
  const copy = Object.create(Object.getPrototypeOf(command)) as Command;
  return Object.assign(copy, command, { input });
}

function topicPlace(input: Record<string, unknown>): Place {
  const arn = input["TopicArn"] ?? input["TargetArn"];
  // A phone number is nobody's business.
  if (typeof arn !== "string") return { system: "aws.sns", destination: "phone_number" };
  const attributes = { "aws.sns.topic.arn": arn };
  return { system: "aws.sns", destination: lastPart(arn, ":"), attributes };
}

function queuePlace(input: Record<string, unknown>): Place {
  return sqsPlace(String(input["QueueUrl"]));
}

function bodySizeOf(entry: Entry): number | undefined {
  return sizeOf(entry.MessageBody ?? entry.Message);
}

/** Bytes that count for the limit of a request. */
function bytesOf(entry: Entry): number {
  let bytes = bodySizeOf(entry) ?? 0;
  for (const [name, value] of Object.entries(entry.MessageAttributes ?? {})) {
    const { DataType, StringValue, BinaryValue } = value as Record<string, unknown>;
    bytes += sizeOf(name) ?? 0;
    for (const part of [DataType, StringValue, BinaryValue]) bytes += sizeOf(part) ?? 0;
  }
  return bytes;
}

/** What each of `entries` may grow by: the service refuses requests that are larger. */
function roomOf(entries: readonly Entry[]): number {
  const bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
  const limit = LIMITS_BYTES.find((each) => each >= bytes) ?? Number.POSITIVE_INFINITY;
  return Math.floor((limit - bytes) / entries.length);
}

function outgoing(place: Place, entry: Entry, system: boolean, room: number): Message {
  const carrier = limitedCarrier(sqsCarrier(entry, system), room);
  // AWSTraceHeader does not count.
  const small = room < CONTEXT_BYTES ? sqsCarrier(entry, system, 0) : carrier;
  return { ...place, bodySize: bodySizeOf(entry), carrier: small };
}

function sendOne(messaging: Messaging, command: Command, place: Place, system: boolean): Traced {
  const own = { ...command.input };
  const begun = messaging.send(outgoing(place, own, system, roomOf([own])));
  return { begun, command: withInput(command, own) };
}

function sendMany(
  messaging: Messaging,
  command: Command,
  place: Place,
  list: string,
  system: boolean,
): Traced {
  const entries = (command.input[list] as Entry[]).map((entry) => ({ ...entry }));
  const room = roomOf(entries);
  const messages = entries.map((entry) => outgoing(place, entry, system, room));
  const begun = messaging.sendBatch(place, messages);
  return { begun, command: withInput(command, { ...command.input, [list]: entries }) };
}

type Send = (messaging: Messaging, command: Command) => Traced;
const SENDS: Readonly<Record<string, Send>> = {
  SendMessageCommand: (m, command) => sendOne(m, command, queuePlace(command.input), true),
  SendMessageBatchCommand: (m, command) =>
    sendMany(m, command, queuePlace(command.input), "Entries", true),
  PublishCommand: (m, command) => sendOne(m, command, topicPlace(command.input), false),
  PublishBatchCommand: (m, command) =>
    sendMany(m, command, topicPlace(command.input), "PublishBatchRequestEntries", false),
};
const SETTLES = new Set(["DeleteMessageCommand", "DeleteMessageBatchCommand"]);

function withWanted(given: unknown, wanted: readonly string[]): string[] {
  const names = Array.isArray(given) ? (given as string[]) : [];
  if (names.some((name) => name === "All" || name === ".*")) return names;
  return [...new Set([...names, ...wanted])];
}

/** Asks for the attributes that carry context. */
function asking(command: Command): Command {
  const { input } = command;
  // The older of the two names, when the program uses it.
  const system = "AttributeNames" in input ? "AttributeNames" : "MessageSystemAttributeNames";
  return withInput(command, {
    ...input,
    MessageAttributeNames: withWanted(input["MessageAttributeNames"], WANTED),
    [system]: withWanted(input[system], ["AWSTraceHeader"]),
  });
}

function noteReceived(messaging: Messaging, command: Command, result: unknown, startTime: number) {
  const received = (result as { Messages?: SqsMessage[] } | undefined)?.Messages ?? [];
  if (received.length === 0) return;
  const url = String(command.input["QueueUrl"]);
  const messages = received.map((message) => sqsMessage(url, message));
  messaging.receive(queuePlace(command.input), messages, startTime).span.end();
}

/** `send(command, callback)` or `send(command, options, callback)`: calls `ended` before the callback. */
function withCallback(
  args: readonly unknown[],
  caller: Context,
  ended: (failure: { readonly error: unknown } | undefined, answer: unknown) => void,
): unknown[] | undefined {
  const at = args.findIndex((each) => typeof each === "function");
  if (at < 0) return undefined;
  const callback = args[at] as Method;
  const done = dressed(callback, function called(this: unknown, ...results: unknown[]) {
    const [error, answer] = results;
    ended(error === null || error === undefined ? undefined : { error }, answer);
    return storage.run(caller, () => Reflect.apply(callback, this, results));
  });
  return args.with(at, done);
}

function begin(messaging: Messaging, name: string, command: Command): Traced | undefined {
  if (SETTLES.has(name))
    return { command, begun: messaging.settle(queuePlace(command.input), "delete") };
  return Object.hasOwn(SENDS, name) ? SENDS[name]?.(messaging, command) : undefined;
}

function wrapSend(messaging: Messaging): (original: Method) => Method {
  return (original) =>
    function send(this: unknown, ...args: unknown[]): unknown {
      const [command, ...more] = args as [Command, ...unknown[]];
      const name = attempt(LIBRARY, () => command.constructor.name) ?? "";
      const call = (own: Command, given: readonly unknown[]): unknown =>
        Reflect.apply(original, this, [own, ...given]);
      if (name === "ReceiveMessageCommand") return receive(messaging, command, more, call);
      const caller = activeContext();
      const traced = attempt(LIBRARY, () => begin(messaging, name, command));
      if (traced === undefined) return Reflect.apply(original, this, args);
      const { begun } = traced;
      const given = withCallback(more, caller, (failure) => endBegun(begun, failure));
      if (given === undefined) return runBegun(begun, () => call(traced.command, more));
      return storage.run(begun.context, () => call(traced.command, given));
    };
}

function receive(
  messaging: Messaging,
  command: Command,
  more: readonly unknown[],
  call: (own: Command, given: readonly unknown[]) => unknown,
): unknown {
  const startTime = performance.now();
  const caller = activeContext();
  const own = attempt(LIBRARY, () => asking(command)) ?? command;
  const note = (answer: unknown): void => {
    attempt(LIBRARY, () =>
      storage.run(caller, () => noteReceived(messaging, command, answer, startTime)),
    );
  };
  const given = withCallback(more, caller, (_, answer) => note(answer));
  if (given !== undefined) return call(own, given);
  const result = call(own, more);
  if (!(result instanceof Promise)) return result;
  return result.then((answer: unknown) => {
    note(answer);
    return answer;
  });
}

function patch(client: string, exports: Record<string, unknown>, tracing: Tracing): void {
  const messaging = new Messaging(tracing, `@clew/sdk/${LIBRARY}`);
  wrapMethod(prototypeOf(exports[client]), "send", wrapSend(messaging));
}

/** Instrumentation of SQS and SNS in version 3 of the SDK. */
export const instrumentation: Instrumentation = {
  name: LIBRARY,
  modules: [
    ["@aws-sdk/client-sqs", "SQSClient"] as const,
    ["@aws-sdk/client-sns", "SNSClient"] as const,
  ].map(([module, client]) => ({
    module,
    versions: ">=3.600 <4",
    patch: (exports, _loaded, tracing) => patch(client, exports, tracing),
  })),
};
