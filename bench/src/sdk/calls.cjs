// What a call of a library costs: CPU of this process for each of so many calls, in microseconds, sent to its parent.
// Ten calls are made within one span, as a request makes them, and sixteen of these at once; where no tracer runs the
// API's span is nothing. `grpc` is client and server together; `grpc-header` is that with one header more to each
// call, the least that any tracer has to do.

const { trace } = require("@opentelemetry/api");
const { setTimeout: delay } = require("node:timers/promises");

const [kind, port, count] = process.argv.slice(2);
const AT_ONCE = 16;
const IN_ONE = 10;
const SETTLE_MS = 1500;
const HEADER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const callers = {
  async pg() {
    const { Pool } = require("pg");
    const pool = new Pool({ host: "127.0.0.1", port: Number(port), user: "bench", max: AT_ONCE });
    return () => pool.query("SELECT name, price FROM products WHERE id = $1", [7]);
  },
  async ioredis() {
    const { Redis } = require("ioredis");
    const client = new Redis({ host: "127.0.0.1", port: Number(port), enableReadyCheck: false });
    return () => client.get("product:7");
  },
  async grpc() {
    return unaryCaller(() => []);
  },
  async "grpc-header"() {
    const { Metadata } = require("@grpc/grpc-js");
    return unaryCaller(() => {
      const metadata = new Metadata();
      metadata.set("traceparent", HEADER);
      return [metadata];
    });
  },
};

async function unaryCaller(more) {
  const grpc = require("@grpc/grpc-js");
  const same = (bytes) => bytes;
  const form = { requestSerialize: same, requestDeserialize: same };
  const method = { ...form, responseSerialize: same, responseDeserialize: same };
  const path = "/shop.Products/Get";
  const server = new grpc.Server();
  server.addService(
    { get: { ...method, path, requestStream: false, responseStream: false } },
    { get: (call, answer) => answer(null, call.request) },
  );
  const bound = await new Promise((resolve, reject) => {
    const insecure = grpc.ServerCredentials.createInsecure();
    server.bindAsync("127.0.0.1:0", insecure, (error, at) => (error ? reject(error) : resolve(at)));
  });
  const client = new grpc.Client(`127.0.0.1:${bound}`, grpc.credentials.createInsecure());
  const body = Buffer.from("product 7");
  return () =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, same, same, body, ...more(), (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
}

async function make(call, calls) {
  const tracer = trace.getTracer("bench");
  let left = calls / IN_ONE;
  const worker = async () => {
    while (left-- > 0) {
      await tracer.startActiveSpan("request", async (span) => {
        for (let i = 0; i < IN_ONE; i++) await call();
        span.end();
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function main() {
  const call = await callers[kind]();
  await make(call, Math.max(5000, Number(count) / 4));
  const before = process.cpuUsage();
  await make(call, Number(count));
  await delay(SETTLE_MS); // what is exported afterwards counts too
  const { user, system } = process.cpuUsage(before);
  process.send({ micros: (user + system) / Number(count) }, () => process.exit(0));
}

void main();
