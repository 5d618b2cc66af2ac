// Rows of the table in instrument/hooks.ts for libraries of messaging.

interface Row {
  readonly module: string;
  readonly name: string;
  readonly part: string;
}

const row = (name: string, ...modules: readonly string[]): readonly Row[] =>
  (modules.length === 0 ? [name] : modules).map((module) => ({ module, name, part: name }));

export const MESSAGING_HOOKS: readonly Row[] = [
  ...row("amqplib"),
  ...row("kafkajs"),
  ...row("platformatic-kafka", "@platformatic/kafka"),
  ...row("nats", "nats", "@nats-io/nats-core", "@nats-io/jetstream"),
  ...row("mqtt"),
  ...row("bullmq"),
  ...row("aws-messages", "@aws-sdk/client-sqs", "@aws-sdk/client-sns"),
  ...row("ws"),
  ...row("child-process", "child_process"),
];
