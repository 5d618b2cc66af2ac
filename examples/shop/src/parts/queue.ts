// Messages over MQTT 5. The tracer writes the sender's context into the user properties of a message, and runs what
// receives it in a span that continues the sender's trace.
import { connect as connectSocket } from "node:net";
import { activeSpan } from "@clew/sdk";
import type { Link } from "@opentelemetry/api";
import mqtt, { type MqttClient, type OnMessageCallback } from "mqtt";
import { log } from "./log.ts";

/** A message that was put aside, and the span that it came in with. */
export interface Kept {
  payload: unknown;
  link: Link[];
}

type Receive = (payload: unknown, id: string) => Promise<void>;

const SESSION_KEPT_S = 60;
const MAX_WAITING = 1_000;

/** A connection to the shop's message broker. */
export class Queue {
  readonly #client: MqttClient;
  readonly #receivers = new Map<string, Receive>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #running = new Set<Promise<void>>();

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on("error", (error) => log.error("message broker connection failed", error));
    const listener = this.#receive.bind(this) as OnMessageCallback;
    client.on("message", listener);
  }

  /** The promise tells the tracer when the message is processed. */
  async #receive(...[topic, payload, packet]: Parameters<OnMessageCallback>): Promise<void> {
    const receive = this.#receivers.get(topic);
    const id = String(packet.properties?.userProperties?.["message-id"]);
    if (receive === undefined) return;
    await this.#run(`message ${id} of ${topic}`, () => receive(JSON.parse(payload.toString()), id));
  }

  /** Connects with a session that outlives a short absence, so no message is lost by a restart. */
  static async connect(port: number, clientId: string): Promise<Queue> {
    // There is no name server here: the name `broker` leads to this machine.
    const client = new mqtt.MqttClient(() => connectSocket(port, "127.0.0.1"), {
      host: "broker",
      port,
      protocolVersion: 5,
      clientId,
      clean: false,
      properties: { sessionExpiryInterval: SESSION_KEPT_S },
      reconnectPeriod: 500,
    });
    await new Promise<void>((resolve) => client.once("connect", () => resolve()));
    return new Queue(client);
  }

  /** Publishes one JSON message and waits until the broker has taken it. */
  async publish(topic: string, id: string, payload: unknown): Promise<void> {
    const properties = { contentType: "application/json", userProperties: { "message-id": id } };
    await this.#client.publishAsync(topic, JSON.stringify(payload), { qos: 1, properties });
  }

  /** Calls `handle` for every message. */
  async consume(topic: string, handle: (payload: unknown) => Promise<void>): Promise<void> {
    this.#receivers.set(topic, handle);
    await this.#client.subscribeAsync(topic, { qos: 1 });
  }

  /** Collects messages and calls `handle` with all of them every `everyMs` milliseconds. */
  async collect(
    topic: string,
    everyMs: number,
    handle: (messages: readonly Kept[]) => Promise<void>,
  ): Promise<void> {
    let waiting: Kept[] = [];
    this.#receivers.set(topic, async (payload, id) => {
      const context = activeSpan()?.spanContext();
      const link = context === undefined ? [] : [{ context }];
      if (waiting.length < MAX_WAITING) waiting.push({ payload, link });
      else log.warn(`too many messages of ${topic} wait; dropped ${id}`);
    });
    const timer = setInterval(() => {
      if (waiting.length === 0) return;
      const batch = waiting;
      waiting = [];
      void this.#run(`a batch of ${topic}`, () => handle(batch));
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

  /** Failures are logged, and end here: the next message comes all the same. */
  #run(what: string, work: () => Promise<void>): Promise<void> {
    const done = work()
      .catch((error: unknown) => log.error(`could not process ${what}`, error))
      .finally(() => this.#running.delete(done));
    this.#running.add(done);
    return done;
  }
}
