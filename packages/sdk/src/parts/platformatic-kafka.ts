// Part: spans of @platformatic/kafka. Producers write context into record headers; what a consumer's stream gives out is
// processed by the program's own loop, for which there is `consume()` of @clew/sdk/messaging with `kafkaMessage()`.

import type { Instrumentation, Tracing } from "../instrument/instrumentation.ts";
import { textOf } from "../messaging/carrier.ts";
import { type KafkaRecord, kafkaMessage } from "../messaging/incoming.ts";
import { type Begun, Messaging } from "../messaging/operation.ts";
import { attempt, dressed, type Method, prototypeOf, wrapMethod } from "../messaging/patching.ts";
import { endBegun, runBegun } from "../messaging/run.ts";
import { activeContext, storage } from "../trace/context.ts";

const LIBRARY = "platformatic-kafka";

interface Sent extends KafkaRecord {
  readonly topic: string;
  readonly partition?: number | undefined;
}
interface SendOptions {
  readonly messages: Sent[];
}

/**
 * Headers to be written to. The client's serializers decide between text and bytes: like those that are there, else
 * bytes, which is what the client takes when it has no serializer.
 */
class RecordHeaders extends Map<unknown, unknown> {
  readonly #text: boolean;

  constructor(given: object | undefined, text: boolean) {
    super();
    const entries = given instanceof Map ? [...given] : Object.entries(given ?? {});
    for (const [key, value] of entries) super.set(key, value);
    const [first] = this.keys();
    this.#text = first === undefined ? text : typeof first === "string";
  }

  /** As text, or as bytes; bytes of a forwarded record that are there are replaced. */
  override set(key: unknown, value: unknown): this {
    if (this.#text || typeof key !== "string") return super.set(key, value);
    for (const each of this.keys()) if (textOf(each) === key) this.delete(each);
    return super.set(Buffer.from(key), Buffer.from(String(value)));
  }
}

function wrapSend(messaging: Messaging): (original: Method) => Method {
  return (original) =>
    function send(this: unknown, ...args: unknown[]): unknown {
      const traced = attempt(LIBRARY, () =>
        begin(messaging, this, args[0] as SendOptions | undefined),
      );
      if (traced === undefined) return Reflect.apply(original, this, args);
      const callback = args[1];
      if (typeof callback !== "function") {
        return runBegun(traced.begun, () => Reflect.apply(original, this, [traced.own]));
      }
      const caller = activeContext();
      const done = dressed(callback as Method, (...results) => {
        const [error] = results;
        endBegun(traced.begun, error === null || error === undefined ? undefined : { error });
        return storage.run(caller, () => Reflect.apply(callback, undefined, results));
      });
      return storage.run(traced.begun.context, () =>
        Reflect.apply(original, this, [traced.own, done]),
      );
    };
}

/** Whether the producer serializes headers from text. */
function takesText(producer: unknown): boolean {
  const options = Object.getOwnPropertySymbols(producer as object)
    .map((symbol) => (producer as Record<symbol, unknown>)[symbol])
    .find((value) => (value as { serializers?: unknown } | undefined)?.serializers !== undefined);
  const { serializers } = (options ?? {}) as { serializers?: { headerKey?: unknown } };
  return serializers?.headerKey !== undefined;
}

function begin(
  messaging: Messaging,
  producer: unknown,
  options: SendOptions | undefined,
): { own: SendOptions; begun: Begun } | undefined {
  // What the client refuses is its own affair.
  if (!Array.isArray(options?.messages)) return undefined;
  const text = takesText(producer);
  const messages = options.messages.map((message) => ({
    ...message,
    headers: new RecordHeaders(message.headers, text),
  }));
  const topics = [...new Set(messages.map(({ topic }) => topic))];
  const place = { system: "kafka", destination: topics.length === 1 ? (topics[0] as string) : "" };
  const described = messages.map((message) =>
    kafkaMessage(message.topic, message, { partition: message.partition }),
  );
  return { own: { ...options, messages }, begun: messaging.sendBatch(place, described) };
}

function patch(exports: Record<string, unknown>, tracing: Tracing): void {
  const messaging = new Messaging(tracing, `@clew/sdk/${LIBRARY}`);
  wrapMethod(prototypeOf(exports["Producer"]), "send", wrapSend(messaging));
}

/** Instrumentation of @platformatic/kafka. */
export const instrumentation: Instrumentation = {
  name: LIBRARY,
  modules: [
    {
      module: "@platformatic/kafka",
      versions: ">=1.35 <3",
      file: "dist/clients/producer/producer",
      expose: ["Producer"],
      patch: (exports, _loaded, tracing) => patch(exports, tracing),
    },
  ],
};
