// The whole shop on real sockets: main.ts in its own process, telemetry to a receiver in here.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ReceivedSpan, Receiver } from "./testing/receiver.ts";
import { isAlive, ShopProcess } from "./testing/shop-process.ts";

const SERVER = 2;
const CLIENT = 3;
const PRODUCER = 4;
const CONSUMER = 5;
const ERROR = 2;
const WAIT_MS = 45_000;

function servicesOf(trace: readonly ReceivedSpan[]): Set<string> {
  return new Set(trace.map(({ service }) => service));
}

/** The spans of an order that went all the way: paid, packed, confirmed. */
function completeOrder(receiver: Receiver): ReceivedSpan[] | undefined {
  return [...receiver.traces().values()].find((trace) => {
    const ids = new Set(trace.map(({ spanId }) => spanId));
    const whole = trace.every(({ parentSpanId }) => parentSpanId === "" || ids.has(parentSpanId));
    const needed = ["storefront", "shipping", "mailer", "invoicing"];
    return whole && needed.every((service) => servicesOf(trace).has(service));
  });
}

function one(trace: readonly ReceivedSpan[], service: string, name: string): ReceivedSpan {
  const found = trace.filter((span) => span.service === service && span.name === name);
  expect(found, `${service}: ${name}`).toHaveLength(1);
  return found[0] as ReceivedSpan;
}

/** The parent of a span within its trace. */
function parentOf(trace: readonly ReceivedSpan[], span: ReceivedSpan): ReceivedSpan | undefined {
  return trace.find(({ spanId }) => spanId === span.parentSpanId);
}

async function noneAlive(pids: readonly number[], limitMs: number): Promise<boolean> {
  const until = performance.now() + limitMs;
  while (pids.some(isAlive)) {
    if (performance.now() > until) return false;
    await sleep(20);
  }
  return true;
}

describe("a shop on an ordinary day", { timeout: WAIT_MS }, () => {
  let receiver: Receiver;
  let shop: ShopProcess;

  beforeAll(async () => {
    receiver = await Receiver.start();
    shop = new ShopProcess(["--rate", "25"], { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
  }, WAIT_MS);

  afterAll(async () => {
    await shop.end("SIGTERM");
    await receiver.stop();
  }, WAIT_MS);

  it("carries one trace id through eight services, over HTTP, gRPC, MQTT and the work queue", async () => {
    const order = await receiver.until(completeOrder);
    expect([...servicesOf(order)].sort()).toEqual(
      expect.arrayContaining([
        "cart",
        "checkout",
        "inventory",
        "invoicing",
        "mailer",
        "payment",
        "shipping",
        "storefront",
      ]),
    );
  });

  it("gives every server span the client span of its caller as parent", async () => {
    const order = await receiver.until(completeOrder);
    const root = one(order, "storefront", "POST /checkout");
    expect(root).toMatchObject({ kind: SERVER, parentSpanId: "" });
    const served = order.filter((span) => span.kind === SERVER && span !== root);
    expect(served.length).toBeGreaterThanOrEqual(5);
    for (const span of served) {
      const caller = parentOf(order, span);
      expect(caller).toMatchObject({ kind: CLIENT });
      // gRPC's client knows an address, HTTP's a name.
      const address = span.service === "payment" ? "127.0.0.1" : span.service;
      expect(caller?.attributes["server.address"]).toBe(address);
      expect(caller?.service).not.toBe(span.service);
    }
  });

  it("continues the trace behind the message broker", async () => {
    const order = await receiver.until(completeOrder);
    const send = one(order, "checkout", "send orders/placed");
    expect(send.kind).toBe(PRODUCER);
    expect(send.attributes).toMatchObject({
      "messaging.system": "mqtt",
      "messaging.destination.name": "orders/placed",
      "messaging.operation.type": "send",
      "server.address": "broker",
    });
    for (const service of ["shipping", "mailer"]) {
      const processed = one(order, service, "process orders/placed");
      expect(processed).toMatchObject({ kind: CONSUMER, parentSpanId: send.spanId });
    }
  });

  it("continues the trace behind the queue of work in the database", async () => {
    const order = await receiver.until(completeOrder);
    const put = one(order, "checkout", "send invoices");
    expect(put.kind).toBe(PRODUCER);
    const taken = one(order, "invoicing", "process invoices");
    expect(taken).toMatchObject({ kind: CONSUMER, parentSpanId: put.spanId });
    expect(parentOf(order, one(order, "invoicing", "INSERT invoices"))).toBe(taken);
  });

  it("makes no traces of looking into an empty queue", () => {
    expect(receiver.spans.filter(({ name }) => /look for work|DELETE work/.test(name))).toEqual([]);
  });

  it("starts a new trace for a batch of messages and links it to each of them", async () => {
    const [batch, messages] = await receiver.until(({ spans }) => {
      const all = spans.filter(({ name }) => name === "process shipments/dispatched");
      const found = spans.find(
        ({ name, links }) =>
          name === "send dispatch notices" &&
          links.every(({ spanId }) => all.some((message) => message.spanId === spanId)),
      );
      return found === undefined ? undefined : ([found, all] as const);
    });
    expect(batch.parentSpanId).toBe("");
    expect(batch.links).toHaveLength(Number(batch.attributes["app.mail.count"]));
    expect(messages.map(({ traceId }) => traceId)).not.toContain(batch.traceId);
  });

  it("shows database calls as client spans with the statement's summary and text", async () => {
    const order = await receiver.until(completeOrder);
    const insert = one(order, "checkout", "INSERT orders");
    expect(insert.kind).toBe(CLIENT);
    expect(insert.attributes).toMatchObject({
      "db.system.name": "postgresql",
      "db.collection.name": "orders",
      "db.operation.name": "INSERT",
      "server.address": "database",
    });
    expect(insert.attributes["db.query.text"]).toContain("INSERT INTO orders");
    expect(parentOf(order, insert)).toMatchObject({ service: "checkout", kind: SERVER });
  });

  it("knows the card network, which sends no spans, by its host name only", async () => {
    const order = await receiver.until(completeOrder);
    const calls = order.filter((span) => span.service === "payment" && span.kind === CLIENT);
    expect(calls.length).toBeGreaterThanOrEqual(1);
    for (const call of calls) {
      expect(call.attributes["server.address"]).toBe("api.cardnetwork.example");
      expect(order.some(({ parentSpanId }) => parentSpanId === call.spanId)).toBe(false);
    }
  });

  it("sends log records with the ids of the span that they were written in", async () => {
    const order = await receiver.until(completeOrder);
    const root = one(order, "checkout", "POST /orders");
    const record = await receiver.until(({ logs }) =>
      logs.find(({ body, traceId }) => body === "order placed" && traceId === root.traceId),
    );
    expect(record).toMatchObject({ service: "checkout", severity: "INFO", spanId: root.spanId });
  });

  it("records a failing statement with its SQLSTATE, up to an error at the storefront", async () => {
    const search = `${await shop.storefront()}/search?q=by-hand&sort=popularity`;
    expect((await fetch(search)).status).toBe(502);
    const root = await receiver.until(({ spans }) =>
      spans.find(
        (s) =>
          s.attributes["url.query"]?.toString().includes("by-hand") === true &&
          s.parentSpanId === "",
      ),
    );
    const statement = await receiver.until(({ spans }) =>
      spans.find((s) => s.traceId === root.traceId && s.name === "SELECT books"),
    );
    expect(root).toMatchObject({ service: "storefront", status: ERROR });
    expect(statement).toMatchObject({ service: "catalog", status: ERROR });
    expect(statement.attributes["error.type"]).toBe("42703");
  });

  it("starts a crashed service again where the others find it", async () => {
    const before = await receiver.until(({ spans }) => spans.find((s) => s.service === "cart"));
    process.kill(before.pid, "SIGKILL");
    const after = await receiver.until(({ spans }) =>
      spans.find((s) => s.service === "cart" && s.pid !== before.pid && s.kind === SERVER),
    );
    expect(after.parentSpanId).not.toBe("");
    expect(shop.output).toContain("ended (SIGKILL)");
  });

  it("closes within three seconds of SIGTERM: the last trace sent, no process left", async () => {
    await fetch(`${await shop.storefront()}/search?q=last-call&sort=title`);
    const pids = shop.descendants();
    expect(pids.length).toBeGreaterThanOrEqual(13);
    const { code, tookMs } = await shop.end("SIGTERM");
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(3_000);
    expect(pids.filter(isAlive)).toEqual([]);
    const asked = receiver.spans.filter(
      (s) => s.attributes["url.query"] === "q=last-call&sort=title",
    );
    expect(asked.map(({ service }) => service).sort()).toEqual(["catalog", "storefront"]);
  });
});

describe("a shop on a bad day", { timeout: WAIT_MS }, () => {
  it("sends traces whose error leads from the storefront to the failing service", async () => {
    const receiver = await Receiver.start();
    const shop = new ShopProcess(["--rate", "25"], {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      SHOP_CHAOS: "1",
    });
    try {
      const failed = await receiver.until((r) =>
        [...r.traces().values()].find(
          (trace) =>
            trace.some((s) => s.parentSpanId === "" && s.kind === SERVER && s.status === ERROR) &&
            trace.some((s) => s.service === "payment" && s.status === ERROR && s.kind === CLIENT),
        ),
      );
      const call = failed.find((s) => s.service === "payment" && s.kind === CLIENT);
      expect(call?.attributes["error.type"]).toMatch(/^(ABORT_ERR|503)$/);
      const record = await receiver.until(({ logs }) =>
        logs.find((l) => l.severity === "ERROR" && l.traceId === call?.traceId),
      );
      expect(failed.map(({ traceId }) => traceId)).toContain(record.traceId);
    } finally {
      await shop.end("SIGTERM");
      await receiver.stop();
    }
  });
});

describe("a shop without anybody to send to", { timeout: WAIT_MS }, () => {
  const nobody = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" };

  it("says so once, serves on, and closes by itself after --duration", async () => {
    const shop = new ShopProcess(["--rate", "10", "--duration", "4s"], nobody);
    await shop.prints("WARNING: Clew does not answer");
    const page = (await (await fetch(await shop.storefront())).json()) as {
      books: { books: unknown[] };
    };
    expect(page.books.books.length).toBeGreaterThan(0);
    const pids = shop.descendants();
    expect(await shop.exit()).toBe(0);
    expect(shop.output.split("WARNING").length - 1).toBe(1);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it("leaves no process behind when it is closed while it opens", async () => {
    const shop = new ShopProcess(["--verbose"], nobody);
    await shop.prints("is ready");
    const pids = shop.descendants();
    const { code, tookMs } = await shop.end("SIGTERM");
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(3_000);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it("takes every process along when the supervisor itself is killed", async () => {
    const shop = new ShopProcess([], nobody);
    await shop.prints("is open");
    const pids = shop.descendants();
    expect(pids.length).toBeGreaterThanOrEqual(13);
    await shop.end("SIGKILL");
    expect(await noneAlive(pids, 5_000)).toBe(true);
  });
});
