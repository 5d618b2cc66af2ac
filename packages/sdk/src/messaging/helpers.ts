// What a program calls around its own code of messages, whatever the broker: publish, process, consume, batch, settle.
// Without a running tracer they only run the work.

import type { Span } from "@opentelemetry/api";
import { running, type Sdk } from "../sdk.ts";
import {
  type Begun,
  type Message,
  type MessageParent,
  Messaging,
  messageParent,
  type Place,
} from "./operation.ts";
import { runBegun } from "./run.ts";

const SCOPE = "@clew/sdk/messaging";
const made = new WeakMap<Sdk, Messaging>();

function messaging(): Messaging | undefined {
  const sdk = running();
  if (sdk === undefined) return undefined;
  let found = made.get(sdk);
  if (found === undefined) {
    found = new Messaging(sdk, SCOPE);
    made.set(sdk, found);
  }
  return found;
}

function within<T>(begun: Begun | undefined, work: (span?: Span) => T): T {
  return runBegun(begun, () => work(begun?.span));
}

/** How messages are processed. */
export interface ProcessChoices {
  /** `link` (default) or `message`: whether the span of the processing is the child of the message's sender. */
  readonly parent?: MessageParent;
}

/**
 * Sends one message in a span `send <destination>`, after its context is written to `message.carrier`. Returns what `send`
 * returns; the span ends with its promise.
 */
export function publish<T>(message: Message, send: (span?: Span) => T): T {
  return within(messaging()?.send(message), send);
}

/** Sends several messages at once: a span `create` for each, whose context it carries, and one `send` that links to them. */
export function publishBatch<T>(
  place: Place,
  messages: readonly Pick<Message, "carrier" | "id" | "bodySize" | "attributes">[],
  send: (span?: Span) => T,
): T {
  const all = messages.map((message) => at(place, message));
  return within(messaging()?.sendBatch(place, all), send);
}

/** Runs `work` in a span `process <destination>` that knows where the message comes from. */
export function process<T>(
  message: Message,
  work: (span?: Span) => T,
  choices: ProcessChoices = {},
): T {
  const current = messaging();
  const active = running()?.active();
  if (current === undefined || active === undefined) return work();
  const parent = choices.parent ?? messageParent("link");
  return within(current.process(message, parent, active), work);
}

/** Acknowledges or refuses a message, in a span named `name` (`ack`, `nack`, `delete`, ...). */
export function settle<T>(name: string, message: Message, work: () => T): T {
  return within(messaging()?.settle(message, name), work);
}

/** A message of a stream that is being consumed. */
export interface Consumed<M> {
  readonly message: M;
  /** Runs `work` in the span of this message's processing. */
  process<T>(work: (message: M, span?: Span) => T): T;
}

/**
 * The messages of `source`, each with its `process`. A message that was fetched ahead and is never processed makes no
 * span.
 */
export async function* consume<M>(
  source: AsyncIterable<M> | Iterable<M>,
  describe: (message: M) => Message,
  choices: ProcessChoices = {},
): AsyncGenerator<Consumed<M>, void, undefined> {
  for await (const message of source) {
    yield {
      message,
      process: (work) => process(describe(message), (span) => work(message, span), choices),
    };
  }
}

/** What `batch` does with messages. */
export interface BatchChoices<M> extends ProcessChoices {
  readonly place: Place;
  /** What each carries beside the place. */
  describe(message: M): Partial<Message>;
  /** The work for one message; all run one after another unless `concurrent`. */
  each(message: M, span?: Span): unknown;
  readonly concurrent?: boolean;
  /** When the fetch of the messages began, by performance.now(). */
  readonly startTime?: number;
}

/** `message` at its place, which fills in what it leaves open. */
function at(place: Place, message: Partial<Message>): Message {
  const known = Object.entries(message).filter(([, value]) => value !== undefined);
  return { ...place, ...Object.fromEntries(known) };
}

/**
 * Works through messages that were fetched together: a span `receive` that links to all of them, and a span `process`
 * for each, which lasts as long as the work on it.
 */
export async function batch<M>(messages: readonly M[], choices: BatchChoices<M>): Promise<void> {
  const { place, describe, each, concurrent, startTime } = choices;
  const all = messages.map((message) => at(place, describe(message)));
  messaging()?.receive(place, all, startTime).span.end();
  const one = (message: M, index: number): unknown =>
    process(all[index] ?? place, (span) => each(message, span), choices);
  if (concurrent === true) {
    await Promise.all(messages.map(async (message, index) => await one(message, index)));
  } else {
    for (const [index, message] of messages.entries()) await one(message, index);
  }
}
