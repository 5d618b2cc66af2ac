// Part: spans of amqplib (RabbitMQ, AMQP 0-9-1). Context travels in the headers table of a message. Names of destinations
// are those of OpenTelemetry's conventions for RabbitMQ: `exchange:routing key:queue`, without what is empty.

import type { Instrumentation, Tracing } from "../instrument/instrumentation.ts";
import { type Carrier, limitedCarrier, mapCarrier, OVERHEAD_BYTES } from "../messaging/carrier.ts";
import { Deliveries } from "../messaging/deliveries.ts";
import { type Begun, type Message, Messaging, messageParent } from "../messaging/operation.ts";
import {
  attempt,
  dressed,
  type Method,
  prototypeOf,
  sizeOf,
  wrapMethod,
} from "../messaging/patching.ts";
import { endBegun, isThenable } from "../messaging/run.ts";
import { runHandler } from "../messaging/unheard.ts";
import { activeContext, ROOT, storage } from "../trace/context.ts";
import { fail } from "../trace/exception.ts";

const LIBRARY = "amqplib";
/** Room for the other properties of a message beside its headers. */
const PROPERTIES_BYTES = 1024;
/** Queues that the broker names for one connection alone. */
const TEMPORARY = /^amq\.(gen-|rabbitmq\.reply-to)/;

interface Channel {
  readonly connection?: {
    readonly stream?: { _host?: string; remoteAddress?: string; remotePort?: number };
    /** Bytes; 0 for no limit. */
    readonly frameMax?: number;
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
  const known = parts.filter((part) => part !== "");
  const lasting = known.filter((part) => !TEMPORARY.test(part));
  const temporary = lasting.length === 0 && known.length > 0;
  return {
    system: "rabbitmq",
    destination: (temporary ? known : lasting).join(":"),
    temporary,
    address: stream?._host ?? stream?.remoteAddress,
    port: stream?.remotePort,
    attributes: { "messaging.rabbitmq.destination.routing_key": routingKey || undefined },
  };
}

/** The headers as amqplib would send them, which are also those that they inherit, to be written to. */
function copied(headers: object | undefined): object {
  const own = {};
  for (const key in headers) {
    const value = (headers as Record<string, unknown>)[key];
    Object.defineProperty(own, key, { value, writable: true, enumerable: true });
  }
  return own;
}

/** The options with other headers. Those of a class keep what they inherit or compute. */
function withHeaders(given: Options | undefined, headers: object): Options {
  if (given === undefined || given === null) return { headers };
  const parent: unknown = Object.getPrototypeOf(given);
  if (parent === Object.prototype || parent === null) return { ...given, headers };
  return new Proxy(
    {},
    {
      get: (_, key) => (key === "headers" ? headers : Reflect.get(given, key)),
    },
  );
}

function roughBytes(headers: object): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(headers)) {
    bytes += key.length + (sizeOf(value) ?? JSON.stringify(value)?.length ?? 0) + OVERHEAD_BYTES;
  }
  return bytes;
}

/** The headers of a message have to fit into one frame: a broker closes a connection that sends a larger one. */
function headersCarrier(channel: Channel, headers: object): Carrier {
  const most = channel.connection?.frameMax || Number.POSITIVE_INFINITY;
  return limitedCarrier(mapCarrier(headers), most - PROPERTIES_BYTES - roughBytes(headers));
}

function wrapPublish(messaging: Messaging, confirmed: boolean): (original: Method) => Method {
  return (original) =>
    function publish(this: unknown, ...args: unknown[]): unknown {
      if (publishing) return Reflect.apply(original, this, args);
      const [exchange, routingKey, content, given, callback] = args;
      const traced = attempt(LIBRARY, () => {
        const options = given as Options | undefined;
        const headers = copied(options?.headers);
        const begun = messaging.send({
          ...place(this as Channel, [String(exchange), String(routingKey)], String(routingKey)),
          carrier: headersCarrier(this as Channel, headers),
          id: options?.messageId,
          conversationId: options?.correlationId,
          bodySize: sizeOf(content),
        });
        return { begun, options: withHeaders(options, headers) };
      });
      if (traced === undefined) return Reflect.apply(original, this, args);
      const { begun, options } = traced;
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

const channels = new WeakMap<object, Deliveries>();

function deliveriesOf(channel: Channel): Deliveries {
  let found = channels.get(channel);
  if (found === undefined) {
    const made = new Deliveries();
    channels.set(channel, made);
    channel.on("close", () => made.settle(Number.POSITIVE_INFINITY, true));
    found = made;
  }
  return found;
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
        if (noAck || !begun.span.isRecording()) return runHandler(begun, handler, work);
        return deliveriesOf(channel).handle(message.fields.deliveryTag, begun, handler, work);
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
      const result: unknown = Reflect.apply(original, this, args);
      // Early versions give promises of their own; the other interface gives the channel.
      if (!isThenable(result)) return result;
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
        else if (tag !== undefined) found?.settle(tag, which === "up to" && Boolean(args[1]));
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
  for (const name of ["ackAll", "nackAll", "recover"]) wrapMethod(channel, name, wrapSettle("all"));
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
