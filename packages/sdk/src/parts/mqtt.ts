// Part: spans of mqtt (MQTT.js). With MQTT 5 context travels in user properties; MQTT 3.1.1 has no place for it, and the
// program may put it into the payload (`carry()` of @clew/sdk/messaging).

import type { EventEmitter } from "node:events";
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
import { endBegun } from "../messaging/run.ts";
import { emitWithin } from "../messaging/unheard.ts";
import { activeContext, ROOT, storage } from "../trace/context.ts";

const LIBRARY = "mqtt";

interface Client extends EventEmitter {
  readonly disconnecting?: boolean;
  readonly options?: { protocolVersion?: number; hostname?: string; host?: string; port?: unknown };
}
interface Properties {
  userProperties?: object;
}
interface Packet {
  readonly properties?: Properties;
  readonly qos?: number;
  readonly retain?: boolean;
}

function place(client: Client, topic: unknown, qos: number | undefined) {
  const { hostname, host, port } = client.options ?? {};
  return {
    system: "mqtt",
    destination: String(topic),
    address: hostname ?? host,
    port: port === undefined ? undefined : Number(port),
    attributes: { "messaging.mqtt.qos": qos },
  };
}

const waiting = new WeakMap<Client, Set<Begun>>();

/** Messages that wait for the broker; a client that ends by force never calls back for them. */
function waitingOf(client: Client): Set<Begun> {
  const known = waiting.get(client);
  if (known !== undefined) return known;
  const made = new Set<Begun>();
  waiting.set(client, made);
  client.once("end", () => {
    waiting.delete(client);
    for (const begun of made) endBegun(begun, { error: new Error("client ended") });
  });
  return made;
}

function wrapPublish(messaging: Messaging): (original: Method) => Method {
  return (original) =>
    function publish(this: unknown, ...args: unknown[]): unknown {
      const [topic, payload] = args;
      const client = this as Client;
      const callback = [args[2], args[3]].find((each) => typeof each === "function") as Method;
      const options = { ...(typeof args[2] === "object" ? (args[2] as Packet) : undefined) };
      const begun = attempt(LIBRARY, () => {
        const message = { ...place(client, topic, options.qos), bodySize: sizeOf(payload) };
        if (client.options?.protocolVersion !== 5) return messaging.send(message);
        const userProperties = { ...options.properties?.userProperties };
        Object.assign(options, { properties: { ...options.properties, userProperties } });
        return messaging.send({ ...message, carrier: mapCarrier(userProperties) });
      });
      if (begun === undefined) return Reflect.apply(original, this, args);
      if (callback === undefined && client.disconnecting === true) {
        // The client tells a callback that it is ending, else the listeners of "error".
        endBegun(begun, { error: new Error("client disconnecting") });
        return Reflect.apply(original, this, args);
      }
      const caller = activeContext();
      const open = waitingOf(client);
      open.add(begun);
      const done: Method = (...results) => {
        open.delete(begun);
        endBegun(begun, results[0] instanceof Error ? { error: results[0] } : undefined);
        return callback === undefined
          ? undefined
          : storage.run(caller, () => Reflect.apply(callback, undefined, results));
      };
      const last = callback === undefined ? done : dressed(callback, done);
      return Reflect.apply(original, this, [topic, payload, options, last]);
    };
}

function received(client: Client, args: readonly unknown[]): Message {
  const [, topic, payload, packet] = args;
  const { properties, qos } = (packet ?? {}) as Packet;
  return {
    ...place(client, topic, qos),
    carrier: mapCarrier(properties?.userProperties),
    bodySize: sizeOf(payload),
  };
}

function wrapEmit(messaging: Messaging): (original: Method) => Method {
  return (original) =>
    function emit(this: unknown, ...args: unknown[]): unknown {
      const client = this as Client;
      if (args[0] !== "message" || client.listenerCount("message") === 0)
        return Reflect.apply(original, this, args);
      const begun = attempt(LIBRARY, () => {
        // What is retained is handed out again and again, long after its sender's trace.
        const retained = (args[3] as Packet | undefined)?.retain === true;
        const parent = messageParent(retained ? "link" : "message");
        return messaging.process(received(client, args), parent, ROOT);
      });
      if (begun === undefined) return Reflect.apply(original, this, args);
      emitWithin(begun, client, "message", args.slice(1));
      return true;
    };
}

function patch(exports: Record<string, unknown>, tracing: Tracing): void {
  const messaging = new Messaging(tracing, "@clew/sdk/mqtt");
  const client = prototypeOf(exports["default"] ?? exports["MqttClient"]);
  wrapMethod(client, "publish", wrapPublish(messaging));
  wrapMethod(client, "emit", wrapEmit(messaging));
}

/** Instrumentation of mqtt. */
export const instrumentation: Instrumentation = {
  name: "mqtt",
  // Early versions have a folder more.
  modules: ["build/lib/client", "build/src/lib/client"].map((file) => ({
    module: "mqtt",
    versions: ">=5 <6",
    file,
    patch: (exports, _loaded, tracing) => patch(exports, tracing),
  })),
};
