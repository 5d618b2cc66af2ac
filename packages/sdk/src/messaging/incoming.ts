// What libraries hand out as messages, as the helpers and instrumentations know them.

import { fieldsCarrier, kafkaCarrier, natsCarrier } from "./carrier.ts";
import type { Message, Place } from "./operation.ts";
import { sizeOf } from "./patching.ts";
import { type SqsMessage, sqsCarrier } from "./sqs-carrier.ts";

/** A Kafka record of kafkajs, @platformatic/kafka or librdkafka. */
export interface KafkaRecord {
  readonly key?: unknown;
  readonly value?: unknown;
  readonly headers?: object | undefined;
  readonly offset?: string | number | bigint;
}

/** A record of a Kafka topic. */
export function kafkaMessage(
  topic: string,
  record: KafkaRecord,
  more: {
    readonly partition?: number | undefined;
    readonly consumerGroup?: string | undefined;
  } = {},
): Message {
  const { key, value, headers, offset } = record;
  return {
    system: "kafka",
    destination: topic,
    ...more,
    carrier: kafkaCarrier(headers),
    bodySize: sizeOf(value),
    attributes: {
      "messaging.kafka.message.key":
        typeof key === "string" || key instanceof Uint8Array ? keyText(key) : undefined,
      "messaging.kafka.offset": offset === undefined ? undefined : Number(offset),
      "messaging.kafka.message.tombstone": value === null ? true : undefined,
    },
  };
}

/** Keys that are no text are not shown. */
function keyText(key: string | Uint8Array): string | undefined {
  const text = typeof key === "string" ? key : Buffer.from(key).toString();
  return text.includes("\ufffd") ? undefined : text;
}

/** A message of NATS or JetStream. */
export interface NatsMessage {
  readonly subject: string;
  readonly data?: Uint8Array;
  readonly headers?: {
    get(name: string): string;
    set(name: string, value: string): void;
    keys?(): Iterable<string>;
    readonly code?: number;
  } | null;
}

/** A message of a NATS subject. */
export function natsMessage(message: NatsMessage, consumerGroup?: string): Message {
  const { subject, data, headers } = message;
  return {
    system: "nats",
    destination: subject,
    consumerGroup: consumerGroup === "" ? undefined : consumerGroup,
    carrier: natsCarrier(headers ?? undefined),
    bodySize: data?.length,
  };
}

/** Name of the queue in an URL, of the topic in an ARN. */
export function lastPart(text: string, separator: "/" | ":"): string {
  return text.slice(text.lastIndexOf(separator) + 1);
}

/** A message that SQS has handed out. */
export function sqsMessage(
  queueUrl: string,
  message: SqsMessage & { MessageId?: string },
): Message {
  return {
    ...sqsPlace(queueUrl),
    carrier: sqsCarrier(message),
    id: message.MessageId,
    bodySize: sizeOf(message.Body),
  };
}

/** A queue of SQS. */
export function sqsPlace(queueUrl: string): Place {
  return {
    system: "aws_sqs",
    destination: lastPart(queueUrl, "/"),
    attributes: { "aws.sqs.queue.url": queueUrl },
  };
}

/** An entry of a Redis stream. */
export function redisEntry(
  stream: string,
  id: string,
  fields: unknown[] | object,
  consumerGroup?: string,
): Message {
  return {
    system: "redis",
    destination: stream,
    id,
    consumerGroup,
    carrier: fieldsCarrier(fields),
  };
}
