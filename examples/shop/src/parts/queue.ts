// Messages over MQTT 5. The sender's context travels as user properties `traceparent` and
// `tracestate`; span names, kinds and attributes follow the messaging semantic conventions.
// One message at a time: the consumer span is a child of the send span and links to it, so the
// trace goes on. A batch: one new trace that links to every sender, since it has many parents.
import {
  type Attributes,
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import mqtt, { type IPublishPacket, type MqttClient } from "mqtt";
import { log } from "./log.ts";
import { inSpan, type SpanStart } from "./span.ts";

interface Envelope {
  id: string;
  payload: unknown;
  bytes: number;
  sender: Context;
}

type Receive = (message: Envelope) => void;

const SESSION_KEPT_S = 60;
const MAX_WAITING = 1_000;

function senderContext(packet: IPublishPacket): Context {
  return propagation.extract(ROOT_CONTEXT, packet.properties?.userProperties ?? {});
}

function linkTo(sender: Context): Link[] {
  const spanContext = trace.getSpanContext(sender);
  return spanContext === undefined ? [] : [{ context: spanContext }];
}

function propertyOf(packet: IPublishPacket, name: string): string {
  const value = packet.properties?.userProperties?.[name];
  return typeof value === "string" ? value : "";
}

/** A connection to the shop's message broker. */
export class Queue {
  readonly #client: MqttClient;
  readonly #port: number;
  readonly #receivers = new Map<string, Receive>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #running = new Set<Promise<void>>();

  private constructor(client: MqttClient, port: number) {
    this.#client = client;
    this.#port = port;
    client.on("error", (error) => log.error("message broker connection failed", error));
    client.on("message", (topic, payload, packet) => {
      const receive = this.#receivers.get(topic);
      if (receive === undefined) return;
      const id = propertyOf(packet, "message-id");
      const sender = senderContext(packet);
      receive({ id, payload: JSON.parse(payload.toString()), bytes: payload.length, sender });
    });
  }

  /** Connects with a session that outlives a short absence, so no message is lost by a restart. */
  static async connect(port: number, clientId: string): Promise<Queue> {
    const client = await mqtt.connectAsync({
      host: "127.0.0.1",
      port,
      protocolVersion: 5,
      clientId,
      clean: false,
      properties: { sessionExpiryInterval: SESSION_KEPT_S },
      reconnectPeriod: 500,
    });
    return new Queue(client, port);
  }

  /** Publishes one JSON message and waits until the broker has taken it. */
  async publish(topic: string, id: string, payload: unknown): Promise<void> {
    const body = JSON.stringify(payload);
    const attributes = {
      ...this.#attributes("send", topic),
      "messaging.message.id": id,
      "messaging.message.body.size": Buffer.byteLength(body),
    };
    await inSpan({ name: `send ${topic}`, kind: SpanKind.PRODUCER, attributes }, async () => {
      const userProperties: Record<string, string> = { "message-id": id };
      propagation.inject(context.active(), userProperties);
      const properties = { contentType: "application/json", userProperties };
      await this.#client.publishAsync(topic, body, { qos: 1, properties });
    });
  }

  /** Calls `handle` for every message, inside a span that continues the sender's trace. */
  async consume(topic: string, handle: (payload: unknown) => Promise<void>): Promise<void> {
    this.#receivers.set(topic, ({ id, payload, bytes, sender }) => {
      const attributes = {
        ...this.#attributes("process", topic),
        "messaging.message.id": id,
        "messaging.message.body.size": bytes,
      };
      const name = `process ${topic}`;
      const start = { name, kind: SpanKind.CONSUMER, attributes, links: linkTo(sender) };
      this.#run(`message ${id} of ${topic}`, { ...start, parent: sender }, () => handle(payload));
    });
    await this.#client.subscribeAsync(topic, { qos: 1 });
  }

  /** Collects messages and calls `handle` with all of them every `everyMs` milliseconds. */
  async consumeBatches(
    topic: string,
    everyMs: number,
    handle: (payloads: unknown[]) => Promise<void>,
  ): Promise<void> {
    let waiting: Envelope[] = [];
    this.#receivers.set(topic, (message) => {
      if (waiting.length < MAX_WAITING) waiting.push(message);
      else log.warn(`too many messages of ${topic} wait; dropped ${message.id}`);
    });
    const timer = setInterval(() => {
      if (waiting.length === 0) return;
      const batch = waiting;
      waiting = [];
      const count = { "messaging.batch.message_count": batch.length };
      const attributes = { ...this.#attributes("process", topic), ...count };
      const links = batch.flatMap(({ sender }) => linkTo(sender));
      const name = `process ${topic}`;
      const start = { name, kind: SpanKind.CONSUMER, attributes, links, parent: ROOT_CONTEXT };
      this.#run(`a batch of ${topic}`, start, () => handle(batch.map(({ payload }) => payload)));
    }, everyMs);
    this.#timers.push(timer);
    await this.#client.subscribeAsync(topic, { qos: 1 });
  }

  /** Disconnects after the messages under way. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.allSettled(this.#running);
    await this.#client.endAsync();
  }

  #run(what: string, start: SpanStart, body: () => Promise<void>): void {
    const done = inSpan(start, async () => {
      try {
        await body();
      } catch (error) {
        log.error(`could not process ${what}`, error);
        throw error;
      }
    }).catch(() => {});
    this.#running.add(done);
    void done.finally(() => this.#running.delete(done));
  }

  #attributes(operation: "send" | "process", topic: string): Attributes {
    return {
      "messaging.system": "mqtt",
      "messaging.operation.name": operation,
      "messaging.operation.type": operation,
      "messaging.destination.name": topic,
      "messaging.client.id": this.#client.options.clientId ?? "",
      "server.address": "broker",
      "server.port": this.#port,
    };
  }
}
