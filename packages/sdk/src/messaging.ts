// `@clew/sdk/messaging`: spans and context of messages, for any broker.

export {
  bullmqCarrier,
  type Carrier,
  cloudEventCarrier,
  fieldsCarrier,
  jsonCarrier,
  kafkaCarrier,
  mapCarrier,
  natsCarrier,
} from "./messaging/carrier.ts";
export { carry, inject, resume, traceEnv } from "./messaging/handover.ts";
export {
  type BatchChoices,
  batch,
  type Consumed,
  consume,
  type ProcessChoices,
  process,
  publish,
  publishBatch,
  settle,
} from "./messaging/helpers.ts";
export {
  type KafkaRecord,
  kafkaMessage,
  type NatsMessage,
  natsMessage,
  redisEntry,
  sqsMessage,
  sqsPlace,
} from "./messaging/incoming.ts";
export { type Job, type JobChoices, job } from "./messaging/job.ts";
export type { Message, MessageParent, Place } from "./messaging/operation.ts";
export { type SqsMessage, sqsCarrier } from "./messaging/sqs-carrier.ts";
