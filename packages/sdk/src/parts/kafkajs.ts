// Part: spans of kafkajs. Its producers and consumers are objects made by functions, which are replaced. A batch that
// `eachBatch` works on is one span with links; `process()` of @clew/sdk/messaging gives each record its own.

import type { Instrumentation, ModulePatch, Tracing } from "../instrument/instrumentation.ts";
import { type KafkaRecord, kafkaMessage } from "../messaging/incoming.ts";
import { type Message, Messaging, messageParent } from "../messaging/operation.ts";
import { attempt, dressed, type Method, wrapMethod } from "../messaging/patching.ts";
import { runBegun } from "../messaging/run.ts";
import { ROOT } from "../trace/context.ts";

const LIBRARY = "kafkajs";

interface TopicMessages {
  topic: string;
  messages: KafkaRecord[];
}

/** Whether kafkajs may take them; what it refuses is its own affair. */
function isSendable(given: Partial<TopicMessages> | undefined): given is TopicMessages {
  return typeof given?.topic === "string" && Array.isArray(given.messages);
}

/** The same messages with headers of their own, to be written to. */
function copied({ topic, messages, ...rest }: TopicMessages): TopicMessages {
  return {
    ...rest,
    topic,
    messages: messages.map((message) => ({ ...message, headers: { ...message.headers } })),
  };
}

function described({ topic, messages }: TopicMessages): Message[] {
  return messages.map((message) => kafkaMessage(topic, message));
}

function sending(messaging: Messaging, original: Method): Method {
  return function send(this: unknown, ...args: unknown[]): unknown {
    const traced = attempt(LIBRARY, () => {
      const given = args[0] as TopicMessages | undefined;
      if (!isSendable(given)) return undefined;
      const own = copied(given);
      return { own, begun: messaging.sendBatch(topicOf(own.topic), described(own)) };
    });
    const given = traced === undefined ? args : [traced.own, ...args.slice(1)];
    return runBegun(traced?.begun, () => Reflect.apply(original, this, given));
  };
}

function sendingBatch(messaging: Messaging, original: Method): Method {
  return function sendBatch(this: unknown, ...args: unknown[]): unknown {
    const traced = attempt(LIBRARY, () => {
      const given = args[0] as { topicMessages?: TopicMessages[] } | undefined;
      if (given?.topicMessages?.every(isSendable) !== true) return undefined;
      const topicMessages = given.topicMessages.map(copied);
      const topics = [...new Set(topicMessages.map(({ topic }) => topic))];
      const place = topicOf(topics.length === 1 ? (topics[0] as string) : "");
      const begun = messaging.sendBatch(place, topicMessages.flatMap(described));
      return { own: { ...given, topicMessages }, begun };
    });
    const given = traced === undefined ? args : [traced.own, ...args.slice(1)];
    return runBegun(traced?.begun, () => Reflect.apply(original, this, given));
  };
}

const topicOf = (destination: string) => ({ system: "kafka", destination });

function traceProducer(messaging: Messaging, producer: unknown): void {
  wrapMethod(producer, "send", (original) => sending(messaging, original));
  wrapMethod(producer, "sendBatch", (original) => sendingBatch(messaging, original));
  wrapMethod(
    producer,
    "transaction",
    (original) =>
      async function transaction(this: unknown, ...args: unknown[]): Promise<unknown> {
        const made: unknown = await Reflect.apply(original, this, args);
        attempt(LIBRARY, () => traceProducer(messaging, made));
        return made;
      },
  );
}

interface EachMessage {
  readonly topic: string;
  readonly partition: number;
  readonly message: KafkaRecord;
}
interface EachBatch {
  readonly batch: {
    readonly topic: string;
    readonly partition: number;
    readonly messages: KafkaRecord[];
  };
}

function eachMessage(messaging: Messaging, consumerGroup: string, handler: Method): Method {
  return dressed(handler, function onMessage(this: unknown, ...args: unknown[]) {
    const begun = attempt(LIBRARY, () => {
      const { topic, partition, message } = args[0] as EachMessage;
      const known = kafkaMessage(topic, message, { partition, consumerGroup });
      return messaging.process(known, messageParent("message"), ROOT);
    });
    return runBegun(begun, () => Reflect.apply(handler, this, args));
  });
}

function eachBatch(messaging: Messaging, consumerGroup: string, handler: Method): Method {
  return dressed(handler, function onBatch(this: unknown, ...args: unknown[]) {
    const begun = attempt(LIBRARY, () => {
      const { topic, partition, messages } = (args[0] as EachBatch).batch;
      const place = { ...topicOf(topic), partition, consumerGroup };
      const known = messages.map((message) => kafkaMessage(topic, message));
      return messaging.processBatch(place, known, ROOT);
    });
    return runBegun(begun, () => Reflect.apply(handler, this, args));
  });
}

function traceConsumer(messaging: Messaging, groupId: string, consumer: unknown): void {
  wrapMethod(
    consumer,
    "run",
    (original) =>
      function run(this: unknown, ...args: unknown[]): unknown {
        const given = { ...(args[0] as Record<string, unknown> | undefined) };
        for (const [name, wrap] of [
          ["eachMessage", eachMessage] as const,
          ["eachBatch", eachBatch] as const,
        ]) {
          const handler = given[name];
          if (typeof handler === "function")
            given[name] = wrap(messaging, groupId, handler as Method);
        }
        return Reflect.apply(original, this, [given, ...args.slice(1)]);
      },
  );
}

/** A patch of a file that exports a function which makes producers or consumers. */
function maker(
  file: string,
  trace: (messaging: Messaging, made: unknown, options: { groupId?: string }) => void,
): ModulePatch {
  return {
    module: "kafkajs",
    versions: ">=1.16 <3",
    file,
    patch(exports: unknown, _loaded, tracing: Tracing) {
      const make = exports as Method;
      const messaging = new Messaging(tracing, "@clew/sdk/kafkajs");
      return dressed(make, function traced(this: unknown, ...args: unknown[]) {
        const made = Reflect.apply(make, this, args);
        attempt(LIBRARY, () => trace(messaging, made, args[0] as { groupId?: string }));
        return made;
      });
    },
  };
}

/** Instrumentation of kafkajs. */
export const instrumentation: Instrumentation = {
  name: "kafkajs",
  modules: [
    maker("src/producer/index", traceProducer),
    maker("src/consumer/index", (messaging, made, options) =>
      traceConsumer(messaging, options.groupId ?? "", made),
    ),
  ],
};
