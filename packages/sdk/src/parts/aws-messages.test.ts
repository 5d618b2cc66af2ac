// SQS and SNS with the real clients: over a stub of the services' HTTP interface, which keeps queues in memory, hands out
// what was asked for, and puts what a topic gets into an envelope; and with a queue that speaks SQS where there is one.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Broker, hasBroker, startBroker } from "../testing/brokers.ts";
import { CLIENT, CONSUMER, PRODUCER, ProgramBench } from "../testing/program-bench.ts";

interface Attribute {
  readonly DataType?: string;
  readonly StringValue?: string;
}
interface Stored {
  readonly MessageId: string;
  readonly Body: string;
  readonly MessageAttributes?: Record<string, Attribute>;
  readonly MessageSystemAttributes?: Record<string, Attribute>;
}

let bench: ProgramBench;
let server: Server;
let queue: Stored[] = [];

type Json = Record<string, unknown>;
let ids = 0;

function keep(entry: Json): Json {
  const MessageId = `m${++ids}`;
  queue.push({ ...entry, MessageId, Body: String(entry["MessageBody"]) });
  return { Id: entry["Id"], MessageId, MD5OfMessageBody: "" };
}

function handOut(input: Json): Json {
  const wanted = input["MessageAttributeNames"] as string[];
  const system = input["MessageSystemAttributeNames"] as string[];
  const Messages = queue.splice(0).map(({ MessageId, Body, MessageAttributes = {}, ...more }) => {
    const header = more.MessageSystemAttributes?.["AWSTraceHeader"]?.StringValue;
    return {
      MessageId,
      Body,
      ReceiptHandle: "r",
      MessageAttributes: Object.fromEntries(
        Object.entries(MessageAttributes).filter(([name]) => wanted.includes(name)),
      ),
      Attributes:
        system.includes("AWSTraceHeader") && header !== undefined ? { AWSTraceHeader: header } : {},
    };
  });
  return Messages.length === 0 ? {} : { Messages };
}

const operations: Readonly<Record<string, (input: Json) => Json>> = {
  SendMessage: keep,
  SendMessageBatch: (input) => ({ Successful: (input["Entries"] as Json[]).map(keep), Failed: [] }),
  ReceiveMessage: handOut,
  DeleteMessage: () => ({}),
};

/** SNS speaks forms and XML. */
function publish(body: string): string {
  const form = new URLSearchParams(body);
  const attributes: Json = {};
  for (let at = 1; form.has(`MessageAttributes.entry.${at}.Name`); at++) {
    const Value = form.get(`MessageAttributes.entry.${at}.Value.StringValue`);
    attributes[form.get(`MessageAttributes.entry.${at}.Name`) as string] = {
      Type: "String",
      Value,
    };
  }
  const envelope = {
    Type: "Notification",
    Message: form.get("Message"),
    MessageAttributes: attributes,
  };
  keep({ MessageBody: JSON.stringify(envelope) });
  return `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>s1</MessageId></PublishResult></PublishResponse>`;
}

beforeEach(async () => {
  queue = [];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      const name = String(request.headers["x-amz-target"] ?? "").split(".")[1];
      const operation = name === undefined ? undefined : operations[name];
      if (operation === undefined)
        response.setHeader("content-type", "text/xml").end(publish(body));
      else {
        response.setHeader("content-type", "application/x-amz-json-1.0");
        response.end(JSON.stringify(operation(JSON.parse(body) as Json)));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  bench = await ProgramBench.start({
    STUB: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: "x",
    AWS_SECRET_ACCESS_KEY: "x",
    AWS_REGION: "eu-central-1",
  });
});
afterEach(async () => {
  await bench.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const open = `import { SQSClient, SQS, SendMessageCommand, SendMessageBatchCommand, ReceiveMessageCommand, DeleteMessageCommand } from "@aws-sdk/client-sqs";
  import { SNSClient, PublishCommand } from "@aws-sdk/client-sns"; import { span } from "%sdk%";
  import { batch, process as processOne, sqsMessage, sqsPlace } from "@clew/sdk/messaging";
  const config = { endpoint: process.env.STUB, md5: false, useQueueUrlAsEndpoint: false };
  const sqs = new SQSClient(config); const QueueUrl = process.env.STUB + "/000000000000/jobs";`;

test("sent, received, processed and deleted: one story, by links or as one trace", async () => {
  await bench.run(`${open}
    const command = new SendMessageCommand({ QueueUrl, MessageBody: "hello", MessageAttributes: { mine: { DataType: "String", StringValue: "1" } } });
    await span("caller", () => sqs.send(command));
    if (Object.keys(command.input.MessageAttributes).length !== 1) throw new Error("the program's command was changed");
    await span("poller", async () => {
      const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
      for (const m of Messages) await processOne(sqsMessage(QueueUrl, m), () => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: m.ReceiptHandle })), { parent: "message" });
      if ((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages) throw new Error("not empty");
    });`);
  const sent = bench.named("send jobs");
  expect(sent.parentSpanId).toBe(bench.named("caller").spanId);
  expect(sent.attributes).toMatchObject({
    "messaging.system": "aws_sqs",
    "messaging.destination.name": "jobs",
    "messaging.message.body.size": 5,
  });
  const received = bench.named("receive jobs");
  expect(received.parentSpanId).toBe(bench.named("poller").spanId);
  expect(received.links).toMatchObject([{ spanId: sent.spanId }]);
  const processed = bench.named("process jobs");
  expect(processed.parentSpanId).toBe(sent.spanId);
  expect(processed.links).toMatchObject([{ spanId: bench.named("poller").spanId }]);
  expect(bench.named("delete jobs").parentSpanId).toBe(processed.spanId);
});

test("a batch has a span for each message, and processing links to it with its true time", async () => {
  await bench.run(`${open}
    const Entries = ["a", "b"].map((MessageBody) => ({ Id: MessageBody, MessageBody }));
    await span("caller", () => new SQS(config).sendMessageBatch({ QueueUrl, Entries }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    await batch(Messages, { place: sqsPlace(QueueUrl), describe: (m) => sqsMessage(QueueUrl, m),
      each: async () => { await new Promise((done) => setTimeout(done, 20)); } });`);
  const created = bench.of(PRODUCER);
  expect(created.map(({ name }) => name)).toEqual(["create jobs", "create jobs"]);
  const processed = bench.of(CONSUMER);
  expect(processed.map(({ links }) => links?.[0]?.spanId)).toEqual(
    created.map(({ spanId }) => spanId),
  );
  const [first, second] = processed;
  expect(BigInt(second?.startTimeUnixNano ?? 0)).toBeGreaterThanOrEqual(
    BigInt(first?.endTimeUnixNano ?? 0),
  );
});

test("with a callback a span lasts until it is called, and knows of errors", async () => {
  await bench.run(`${open}
    const called = (command, client = sqs, ...more) => new Promise((resolve) => client.send(command, ...more, (error, answer) => span("callback", () => resolve(error ?? answer))));
    const broken = new SQSClient({ ...config, endpoint: "http://127.0.0.1:1", maxAttempts: 1 });
    await span("caller", async () => {
      await called(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
      if ((await called(new ReceiveMessageCommand({ QueueUrl }), sqs, {})).Messages.length !== 1) throw new Error("none");
      const error = await called(new SendMessageCommand({ QueueUrl, MessageBody: "x" }), broken);
      if (!(error instanceof Error)) throw new Error("no error");
    });`);
  const caller = bench.named("caller");
  const callbacks = bench.sink.spans.filter(({ name }) => name === "callback");
  expect(callbacks.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(3).fill(caller.spanId));
  const failed = bench.of(PRODUCER).filter(({ status }) => status?.code === 2);
  const sent = bench.of(PRODUCER).filter((each) => !failed.includes(each));
  expect([sent.length, failed.length]).toEqual([1, 1]);
  expect(bench.named("receive jobs").links).toMatchObject([{ spanId: sent[0]?.spanId }]);
  const request = bench.of(CLIENT).find(({ parentSpanId }) => parentSpanId === sent[0]?.spanId);
  expect(BigInt(sent[0]?.endTimeUnixNano ?? 0)).toBeGreaterThan(
    BigInt(request?.endTimeUnixNano ?? 0),
  );
});

test("with ten attributes taken, AWSTraceHeader carries the context", async () => {
  await bench.run(`${open}
    const MessageAttributes = Object.fromEntries(Array.from({ length: 10 }, (_, at) => ["a" + at, { DataType: "String", StringValue: "x" }]));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "x", MessageAttributes }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ["a1"] }));
    for (const m of Messages) processOne(sqsMessage(QueueUrl, m), () => {}, { parent: "message" });`);
  expect(bench.named("process jobs").parentSpanId).toBe(bench.named("send jobs").spanId);
});

test("a message as large as the service takes grows by nothing that counts", async () => {
  await bench.run(`${open}
    const MessageBody = "x".repeat(256 * 1024 - 60);
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    if (Messages[0].MessageAttributes?.traceparent) throw new Error("too large");
    processOne(sqsMessage(QueueUrl, Messages[0]), () => {}, { parent: "message" });`);
  expect(bench.named("process jobs").parentSpanId).toBe(bench.named("send jobs").spanId);
});

test("a topic that feeds a queue carries the context in its envelope", async () => {
  await bench.run(`${open}
    await new SNSClient(config).send(new PublishCommand({ TopicArn: "arn:aws:sns:eu-central-1:000000000000:news", Message: "x" }));
    await new SNSClient(config).send(new PublishCommand({ PhoneNumber: "+10000000", Message: "x" }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    processOne(sqsMessage(QueueUrl, Messages[0]), () => {}, { parent: "message" });`);
  const sent = bench.named("send news");
  expect(bench.named("process jobs").parentSpanId).toBe(sent.spanId);
  expect(sent.attributes["messaging.system"]).toBe("aws.sns");
  expect(JSON.stringify(bench.named("send phone_number"))).not.toContain("10000000");
  expect(bench.of(CLIENT).find(({ name }) => name === "receive jobs")?.links).toHaveLength(2);
});

describe.skipIf(!hasBroker("elasticmq"))(
  "with a queue (skipped without ElasticMQ's archives)",
  () => {
    let broker: Broker;
    beforeAll(async () => {
      broker = await startBroker("elasticmq");
    }, 60_000);
    afterAll(async () => await broker.stop());

    test("messages alone, in batches and with ten attributes, of a FIFO queue too, bring their context", async () => {
      bench.place.env["STUB"] = `http://127.0.0.1:${broker.port}`;
      await bench.run(`${open}
      import { CreateQueueCommand } from "@aws-sdk/client-sqs"; const real = new SQSClient({ endpoint: process.env.STUB });
      const attributes = (count) => Object.fromEntries(Array.from({ length: count }, (_, at) => ["a" + at, { DataType: "String", StringValue: "x" }]));
      for (const fifo of [false, true]) {
        const Attributes = fifo ? { FifoQueue: "true", ContentBasedDeduplication: "true" } : {};
        const { QueueUrl } = await real.send(new CreateQueueCommand({ QueueName: fifo ? "strict.fifo" : "loose", Attributes }));
        const group = fifo ? { MessageGroupId: "g" } : {};
        await span("caller", async () => {
          await real.send(new SendMessageCommand({ QueueUrl, MessageBody: "one", ...group }));
          await real.send(new SendMessageCommand({ QueueUrl, MessageBody: "ten", MessageAttributes: attributes(10), ...group }));
          await real.send(new SendMessageBatchCommand({ QueueUrl, Entries: ["b1", "b2"].map((Id) => ({ Id, MessageBody: Id, MessageAttributes: attributes(9), ...group })) }));
        });
        let left = 4;
        while (left > 0) {
          const { Messages = [] } = await real.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
          for (const m of Messages) {
            await processOne(sqsMessage(QueueUrl, m), () => real.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: m.ReceiptHandle })), { parent: "message" });
            left--;
          }
        }
      }`);
      const senders = bench.of(PRODUCER).map(({ spanId }) => spanId);
      expect(senders).toHaveLength(8);
      const parents = bench.of(CONSUMER).map(({ parentSpanId }) => parentSpanId);
      expect(parents).toHaveLength(8);
      expect(new Set(parents)).toEqual(new Set(senders));
    });
  },
);
