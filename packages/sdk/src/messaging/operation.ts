// Spans of messaging as OpenTelemetry's conventions have them (docs/messaging/messaging-spans.md, 1.44): create and
// send by the producer, receive and process by the consumer, settle; and how they hang together.

import type { Attributes, Context, Link, Span, SpanKind } from "@opentelemetry/api";
import { complain } from "../complaints.ts";
import type { Tracing } from "../instrument/instrumentation.ts";
import { running } from "../sdk.ts";
import type { SpanAttributes } from "../semconv.ts";
import { baggageOf, contextWithBaggage, contextWithSpan, ROOT, spanOf } from "../trace/context.ts";
import type { PassiveSpan } from "../trace/passive-span.ts";
import { RecordingSpan } from "../trace/span.ts";
import type { Carrier } from "./carrier.ts";

const CLIENT: SpanKind = 2;
const PRODUCER: SpanKind = 3;
const CONSUMER: SpanKind = 4;

/** Where messages go to or come from. */
export interface Place {
  /** `messaging.system`: `kafka`, `rabbitmq`, `nats`, `mqtt`, `redis`, `aws_sqs`, ... */
  readonly system: string;
  /** Name of the queue, topic or subject. */
  readonly destination: string;
  /**
   * The destination without its changing parts, such as `/room/{id}`, which then names the spans. Empty where it is not
   * known and there may be any number of destinations.
   */
  readonly template?: string | undefined;
  /** Made for this process alone, so that its name says nothing. */
  readonly temporary?: boolean | undefined;
  readonly partition?: string | number | undefined;
  readonly consumerGroup?: string | undefined;
  /** Host and port of the broker. */
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  /** Further attributes, such as `messaging.rabbitmq.destination.routing_key`. */
  readonly attributes?: SpanAttributes | undefined;
}

/** One message at its place. */
export interface Message extends Place {
  /** Where it carries its context. */
  readonly carrier?: Carrier | undefined;
  readonly id?: string | undefined;
  readonly conversationId?: string | undefined;
  /** Bytes of the body. */
  readonly bodySize?: number | undefined;
}

/**
 * How the span of a message's processing hangs together with the sender's: by a link, in a trace of its own (or that of
 * the code around it), or as its child.
 */
export type MessageParent = "link" | "message";

/** `create`, `send`, `receive`, `process` or `settle`. */
type OperationType = "create" | "send" | "receive" | "process" | "settle";

function attributesOf(type: OperationType, name: string, message: Message): Attributes {
  const { partition, temporary, template } = message;
  return {
    "messaging.system": message.system,
    "messaging.operation.name": name,
    "messaging.operation.type": type,
    "messaging.destination.name": message.destination,
    "messaging.destination.template": template || undefined,
    "messaging.destination.temporary": temporary === true ? true : undefined,
    "messaging.destination.partition.id": partition === undefined ? undefined : String(partition),
    "messaging.consumer.group.name": message.consumerGroup,
    "messaging.message.id": message.id,
    "messaging.message.conversation_id": message.conversationId,
    "messaging.message.body.size": message.bodySize,
    "server.address": message.address,
    "server.port": message.port,
    ...(message.attributes as Attributes | undefined),
  };
}

/** What stands for the destination in names of spans, of which there must not be any number. */
function titleOf({ destination, template, temporary }: Message): string {
  return template ?? (temporary === true ? "(temporary)" : destination);
}

/** A span that has begun, and the context with it. */
export interface Begun {
  readonly span: RecordingSpan | PassiveSpan;
  readonly context: Context;
}

/** Carriers may be of the program's own making. */
function quietly(work: () => void): void {
  try {
    work();
  } catch (error) {
    complain(`messaging: a carrier has failed: ${String(error)}`);
  }
}

/** Begins the spans of one instrumentation. */
export class Messaging {
  readonly #tracing: Tracing;
  readonly #scope: string;

  constructor(tracing: Tracing, scope: string) {
    this.#tracing = tracing;
    this.#scope = scope;
  }

  #begin(
    type: OperationType,
    kind: SpanKind,
    message: Message,
    parent: Context,
    links: Link[],
    more: { readonly name?: string; readonly count?: number; readonly startTime?: number } = {},
  ): Begun {
    const { name = type, count, startTime } = more;
    const title = titleOf(message);
    const attributes = (): Attributes => {
      const own = attributesOf(type, name, message);
      return count === undefined ? own : { ...own, "messaging.batch.message_count": count };
    };
    const tracer = this.#tracing.tracer(this.#scope);
    const text = title === "" ? name : `${name} ${title}`;
    const options = startTime === undefined ? undefined : { startTime };
    const span = tracer.begin(text, kind, parent, options, attributes);
    if (span instanceof RecordingSpan) {
      span.setAttributes(attributes());
      if (links.length > 0) span.addLinks(links);
    }
    return { span, context: contextWithSpan(parent, span) };
  }

  #inject(context: Context, carrier: Carrier | undefined): void {
    if (carrier === undefined) return;
    quietly(() => this.#tracing.inject(context, (name, value) => carrier.set(name, value)));
  }

  /** One message is sent; its headers are written. */
  send(message: Message, name?: string, parent: Context = this.#tracing.active()): Begun {
    const begun = this.#begin("send", PRODUCER, message, parent, [], named(name));
    this.#inject(begun.context, message.carrier);
    return begun;
  }

  /** Several messages are sent at once: each has a `create` span, and one `send` span links to them. */
  sendBatch(place: Place, messages: readonly Message[], name?: string): Begun {
    const parent = this.#tracing.active();
    const [only] = messages;
    if (only !== undefined && messages.length === 1) return this.send(only, name, parent);
    const links = messages.flatMap((message): Link[] => {
      const { span, context } = this.#begin("create", PRODUCER, message, parent, []);
      this.#inject(context, message.carrier);
      span.end();
      return span instanceof RecordingSpan ? [{ context: span.spanContext() }] : [];
    });
    return this.#begin("send", CLIENT, place, parent, links, {
      ...named(name),
      count: messages.length,
    });
  }

  /** The context that a message carries; ROOT when it carries none. */
  carried(message: Message): Context {
    const { carrier } = message;
    let carried: Context = ROOT;
    if (carrier === undefined) return carried;
    quietly(() => {
      carried = this.#tracing.extract((name) => carrier.get(name));
    });
    return carried;
  }

  /** Messages have been fetched, from `startTime` on (of performance.now()). */
  receive(place: Place, messages: readonly Message[], startTime?: number, name?: string): Begun {
    const links = messages.flatMap((message) => linkTo(spanOf(this.carried(message))));
    return this.#begin("receive", CLIENT, place, this.#tracing.active(), links, {
      ...named(name),
      count: messages.length,
      ...(startTime === undefined ? {} : { startTime }),
    });
  }

  /** A message is processed. `ambient` is the context of the code around it. */
  process(message: Message, choice: MessageParent, ambient: Context, name?: string): Begun {
    const carried = this.carried(message);
    const sender = spanOf(carried);
    const around = spanOf(ambient);
    if (choice === "message" && sender !== undefined) {
      return this.#begin("process", CONSUMER, message, carried, linkTo(around), named(name));
    }
    const baggage = baggageOf(carried);
    const parent = baggage === undefined ? ambient : contextWithBaggage(ambient, baggage);
    return this.#begin("process", CONSUMER, message, parent, linkTo(sender), named(name));
  }

  /** Messages are processed together, by code that does not tell one from the other. */
  processBatch(place: Place, messages: readonly Message[], ambient: Context): Begun {
    const links = messages.flatMap((message) => linkTo(spanOf(this.carried(message))));
    return this.#begin("process", CONSUMER, place, ambient, links, { count: messages.length });
  }

  /** A message is acknowledged or refused. */
  settle(message: Message, name: string): Begun {
    const links = linkTo(spanOf(this.carried(message)));
    return this.#begin("settle", CLIENT, message, this.#tracing.active(), links, { name });
  }
}

function named(name: string | undefined): { readonly name?: string } {
  return name === undefined ? {} : { name };
}

function linkTo(span: Span | undefined): Link[] {
  return span === undefined ? [] : [{ context: span.spanContext() }];
}

/**
 * `CLEW_SDK_MESSAGING_PARENT`, else `otherwise`. Single messages that an instrumentation sees become children of their
 * sender, so that one trace tells the whole story; the helpers and all batches link, as the conventions have it.
 */
export function messageParent(otherwise: MessageParent): MessageParent {
  return running()?.settings.messageParent ?? otherwise;
}
