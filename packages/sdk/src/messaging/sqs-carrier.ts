// The context in messages of AWS SQS and SNS: message attributes, of which there may be ten; the system attribute
// AWSTraceHeader, which does not count; and, for SNS topics that feed a queue, the attributes within the body.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html

import { parseTraceparent, tracecontext } from "../propagation/tracecontext.ts";
import { parseXrayHeader, xrayHeader } from "../propagation/xray.ts";
import { type Carrier, carrierOf, isTable, parseObject } from "./carrier.ts";

const MAX_ATTRIBUTES = 10;
const MAX_BODY = 256 * 1024;
type Table = Record<string, unknown>;

/** A message that is sent to or comes from SQS or SNS, or a record of a Lambda's event. */
export interface SqsMessage {
  MessageAttributes?: object | undefined;
  MessageSystemAttributes?: object | undefined;
  Attributes?: object | undefined;
  Body?: string | undefined;
  messageAttributes?: object | undefined;
  attributes?: object | undefined;
  body?: string | undefined;
}

function table(value: unknown): Table {
  return isTable(value) ? value : {};
}

function attribute(attributes: unknown, name: string): unknown {
  const found = table(table(attributes)[name]);
  return found["StringValue"] ?? found["stringValue"] ?? found["Value"] ?? found["BinaryValue"];
}

/** X-Ray's header as the W3C ones, for messages that bring nothing else. */
function fromXray(header: unknown, name: string): string | undefined {
  const parent = typeof header === "string" ? parseXrayHeader(header) : undefined;
  if (parent === undefined || parent.spanId === "" || parent.deferred === true) return undefined;
  let found: string | undefined;
  tracecontext.inject?.({ ...parent, traceState: undefined }, (key, value) => {
    if (key === name) found = value;
  });
  return found;
}

function write(
  message: SqsMessage,
  name: string,
  value: string,
  system: boolean,
  most: number,
): void {
  const attributes = table(message.MessageAttributes);
  const entry = { DataType: "String", StringValue: value };
  if (Object.hasOwn(attributes, name) || Object.keys(attributes).length < most) {
    message.MessageAttributes = { ...attributes, [name]: entry };
    return;
  }
  const parent = name === "traceparent" && system ? parseTraceparent(value) : undefined;
  if (parent === undefined) return;
  const header = { DataType: "String", StringValue: xrayHeader(parent) };
  message.MessageSystemAttributes = { ...message.MessageSystemAttributes, AWSTraceHeader: header };
}

/**
 * Carrier of a message of SQS or SNS. Writing replaces `MessageAttributes` of `message` by a larger object; when ten
 * are there already (or `most`), AWSTraceHeader takes the context, unless `system` is false (SNS has none).
 */
export function sqsCarrier(
  message: SqsMessage | undefined,
  system = true,
  most: number = MAX_ATTRIBUTES,
): Carrier {
  let envelope: Table | undefined;
  const read = (name: string): unknown => {
    if (!isTable(message)) return undefined;
    const {
      MessageAttributes: sent,
      messageAttributes: recorded,
      Attributes,
      attributes,
    } = message;
    const direct = attribute(sent, name) ?? attribute(recorded, name);
    if (direct !== undefined) return direct;
    envelope ??= parseObject(table(message)["Body"] ?? table(message)["body"], MAX_BODY);
    if (envelope["Type"] === "Notification") {
      const inner = attribute(envelope["MessageAttributes"], name);
      if (inner !== undefined) return inner;
    }
    const header = table(Attributes)["AWSTraceHeader"] ?? table(attributes)["AWSTraceHeader"];
    return name === "x-amzn-trace-id" ? header : fromXray(header, name);
  };
  return carrierOf(read, (name, value) => {
    if (isTable(message)) write(message, name, value, system, most);
  });
}
