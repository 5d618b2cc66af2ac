// Part: spans of amqplib (RabbitMQ, AMQP 0-9-1). Context travels in the headers table of a message. Names of destinations
// are those of OpenTelemetry's conventions for RabbitMQ: `exchange:routing key:queue`, without what is empty.

import type { Instrumentation, Tracing } from "../instrument/instrumentation.ts";
import { mapCarrier } from "../messaging/carrier.ts";
import { type Begun, type Message, Messaging, messageParent } from "../messaging/operation.ts";
import {
  attempt,
  dressed,
  type Method,
  prototypeOf,
  sizeOf,
  wrapMethod,
} from "../messaging/patching.ts";
import { endBegun, whenDone } from "../messaging/run.ts";
import { activeContext, ROOT, storage } from "../trace/context.ts";
import { fail } from "../trace/exception.ts";

const LIBRARY = "amqplib";
/** A message whose handler never acknowledges it is given up after this. */
const MOST_MS = 60_000;

interface Channel {
  readonly connection?: {
    readonly stream?: { _host?: string; remoteAddress?: string; remotePort?: number };
  };
  on(event: "close", listener: () => void): unknown;
}
interface Options {
  headers?: object;
  messageId?: string;
  correlationId?: string;
  noAck?: boolean;
}
interface Delivery {
  readonly content: Uint8Array;
  readonly fields: {
    readonly exchange: string;
    readonly routingKey: string;
    readonly deliveryTag: number;
  };
  readonly properties: Options;
}

function place(channel: Channel, parts: readonly string[], routingKey: string) {
  const stream = channel.connection?.stream;
  return {
    system: "rabbitmq",
    destination: parts.filter((part) => part !== "").join(":"),
    address: stream?._host ?? stream?.remoteAddress,
    port: stream?.remotePort,
    attributes: { "messaging.rabbitmq.destination.routing_key": routingKey || undefined },
  };
}

function wrapPublish(messaging: Messaging, confirmed: boolean): (original: Method) => Method {
  return (original) =>
    function publish(this: unknown, ...args: unknown[]): unknown {
      const [exchange, routingKey, content, given, callback] = args;
      const options: Options = { ...(given as Options) };
      if (publishing) return Reflect.apply(original, this, args);
      const begun = attempt(LIBRARY, () => {
        options.headers = { ...options.headers };
        return messaging.send({
          ...place(this as Channel, [String(exchange), String(routingKey)], String(routingKey)),
          carrier: mapCarrier(options.headers),
          id: options.messageId,
          conversationId: options.correlationId,
          bodySize: sizeOf(content),
        });
      });
      if (begun === undefined) return Reflect.apply(original, this, args);
      const more = args.slice(4);
      const waits = confirmed && typeof callback === "function";
      if (waits) more[0] = confirming(begun, callback as Method);
      publishing = true;
      try {
        const sent = [exchange, routingKey, content, options, ...more];
        const result: unknown = Reflect.apply(original, this, sent);
        if (!waits) begun.span.end();
        return result;
      } catch (error) {
        endBegun(begun, { error });
        throw error;
      } finally {
        publishing = false;
      }
    };
}

/** Within `publish` of a confirm channel, which calls that of the plain one. */
let publishing = false;

/** The callback of a confirm channel, which ends the span and runs in its caller's context. */
function confirming(begun: Begun, callback: Method): Method {
  const caller = activeContext();
  return dressed(callback, function confirmed(this: unknown, ...args: unknown[]) {
    if (args[0] !== null && args[0] !== undefined) fail(begun.span, args[0]);
    begun.span.end();
    return storage.run(caller, () => Reflect.apply(callback, this, args));
  });
}

function delivered(channel: Channel, queue: string, message: Delivery): Message {
  const { fields, properties, content } = message;
  return {
    ...place(channel, [fields.exchange, fields.routingKey, queue].filter(isNew), fields.routingKey),
    carrier: mapCarrier(properties.headers),
    id: properties.messageId,
    conversationId: properties.correlationId,
    bodySize: content.length,
  };
}

/** The default exchange routes by the queue's name, which need not be said twice. */
function isNew(part: string, index: number, all: readonly string[]): boolean {
  return all.indexOf(part) === index;
}

/** Spans of messages that were handed to a callback and wait for their acknowledgement. */
class Unsettled {
  readonly #spans = new Map<number, { begun: Begun; timer: NodeJS.Timeout }>();

  add(tag: number, begun: Begun): void {
    const timer = setTimeout(() => this.settle(tag, false), MOST_MS).unref();
    this.#spans.set(tag, { begun, timer });
  }

  settle(tag: number, upTo: boolean): void {
    const tags = upTo ? [...this.#spans.keys()].filter((each) => each <= tag) : [tag];
    for (const each of tags) {
      const found = this.#spans.get(each);
      if (found === undefined) continue;
      this.#spans.delete(each);
      clearTimeout(found.timer);
      found.begun.span.end();
    }
  }
}

const channels = new WeakMap<object, Unsettled>();

function unsettled(channel: Channel): Unsettled {
  let found = channels.get(channel);
  if (found === undefined) {
    const made = new Unsettled();
    channels.set(channel, made);
    channel.on("close", () => made.settle(Number.POSITIVE_INFINITY, true));
    found = made;
  }
  return found;
}

/**
 * Runs a callback in the span of its message. The span ends with the promise that it returns; without one, when the
 * message is acknowledged, or at once where messages need no acknowledgement.
 */
function deliver(begun: Begun, channel: Channel, message: Delivery, noAck: boolean, work: Method) {
  let result: unknown;
  const { span, context } = begun;
  const waits = !noAck && span.isRecording();
  // Before the callback runs, which may acknowledge at once.
  if (waits) unsettled(channel).add(message.fields.deliveryTag, begun);
  const end = (failure?: { readonly error: unknown }): void => {
    if (failure !== undefined) fail(span, failure.error);
    if (waits) unsettled(channel).settle(message.fields.deliveryTag, false);
    span.end();
  };
  try {
    result = storage.run(context, work);
  } catch (error) {
    end({ error });
    throw error;
  }
  if (typeof result !== "object" && waits) return result;
  return whenDone(result, end);
}

function wrapConsume(messaging: Messaging): (original: Method) => Method {
  return (original) =>
    function consume(this: unknown, ...args: unknown[]): unknown {
      const [queue, callback, options] = args;
      if (typeof callback !== "function") return Reflect.apply(original, this, args);
      const channel = this as Channel;
      const noAck = (options as Options | undefined)?.noAck === true;
      const handler = callback as Method;
      const traced = dressed(handler, function onMessage(this: unknown, ...given: unknown[]) {
        const message = given[0] as Delivery | null;
        const work = (): unknown => Reflect.apply(handler, this, given);
        const begun = attempt(LIBRARY, () =>
          message === null
            ? undefined
            : messaging.process(
                delivered(channel, String(queue), message),
                messageParent("message"),
                ROOT,
              ),
        );
        if (begun === undefined || message === null) return work();
        return deliver(begun, channel, message, noAck, work);
      });
      return Reflect.apply(original, this, [queue, traced, ...args.slice(2)]);
    };
}

function wrapGet(messaging: Messaging): (original: Method) => Method {
  return (original) =>
    function get(this: unknown, ...args: unknown[]): unknown {
      const startTime = performance.now();
      const caller = activeContext();
      const note = (message: unknown): void => {
        if (typeof message !== "object" || message === null) return;
        const found = delivered(this as Channel, String(args[0]), message as Delivery);
        storage.run(caller, () => messaging.receive(found, [found], startTime).span.end());
      };
      const callback = args[2];
      if (typeof callback === "function") {
        const given = [...args];
        given[2] = dressed(callback as Method, function got(this: unknown, ...values: unknown[]) {
          attempt(LIBRARY, () => note(values[1]));
          return storage.run(caller, () => Reflect.apply(callback, this, values));
        });
        return Reflect.apply(original, this, given);
      }
      const result = Reflect.apply(original, this, args) as Promise<unknown>;
      return result.then((message) => {
        attempt(LIBRARY, () => note(message));
        return message;
      });
    };
}

/** `which` says whether the second argument, if true, means all messages before too. */
function wrapSettle(which: "one" | "up to" | "all"): (original: Method) => Method {
  return (original) =>
    function settle(this: unknown, ...args: unknown[]): unknown {
      const result = Reflect.apply(original, this, args);
      attempt(LIBRARY, () => {
        const found = channels.get(this as object);
        const tag = (args[0] as Delivery | undefined)?.fields?.deliveryTag;
        if (which === "all") found?.settle(Number.POSITIVE_INFINITY, true);
        else if (tag !== undefined) found?.settle(tag, which === "up to" && args[1] === true);
      });
      return result;
    };
}

function patch(exports: Record<string, unknown>, tracing: Tracing): void {
  const messaging = new Messaging(tracing, "@clew/sdk/amqplib");
  const channel = prototypeOf(exports["Channel"]);
  wrapMethod(channel, "publish", wrapPublish(messaging, false));
  wrapMethod(prototypeOf(exports["ConfirmChannel"]), "publish", wrapPublish(messaging, true));
  wrapMethod(channel, "consume", wrapConsume(messaging));
  wrapMethod(channel, "get", wrapGet(messaging));
  wrapMethod(channel, "reject", wrapSettle("one"));
  for (const name of ["ack", "nack"]) wrapMethod(channel, name, wrapSettle("up to"));
  for (const name of ["ackAll", "nackAll"]) wrapMethod(channel, name, wrapSettle("all"));
}

/** Instrumentation of amqplib, with promises and with callbacks. */
export const instrumentation: Instrumentation = {
  name: "amqplib",
  modules: ["lib/channel_model", "lib/callback_model"].map((file) => ({
    module: "amqplib",
    versions: ">=0.8 <3",
    file,
    patch: (exports, _loaded, tracing) => patch(exports, tracing),
  })),
};
