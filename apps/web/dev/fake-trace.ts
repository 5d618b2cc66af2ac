// Invented traces for looking at the UI: plausible calls of a small shop, at any size, the same every
// time. Includes what real senders send: missing parents, clock skew, hostile strings.

import { SpanBatch, SpanKind, StatusCode, ValueType } from "@clew/model";

/** A repeatable source of numbers in 0..1 (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface Call {
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Readonly<Record<string, string | number>>;
}

const calls: readonly Call[] = [
  {
    service: "storefront",
    name: "GET /basket/{id}",
    kind: SpanKind.Server,
    attributes: {
      "http.request.method": "GET",
      "http.response.status_code": 200,
      "url.path": "/basket/4711",
    },
  },
  {
    service: "basket",
    name: "load basket",
    kind: SpanKind.Internal,
    attributes: { "basket.items": 4 },
  },
  {
    service: "basket",
    name: "SELECT basket_items",
    kind: SpanKind.Client,
    attributes: {
      "db.system.name": "postgresql",
      "db.query.text": "SELECT * FROM basket_items WHERE basket_id = $1",
      "server.address": "db-1.internal",
    },
  },
  {
    service: "pricing",
    name: "POST /quotes",
    kind: SpanKind.Server,
    attributes: { "http.request.method": "POST", "http.response.status_code": 200 },
  },
  {
    service: "pricing",
    name: "apply rules",
    kind: SpanKind.Internal,
    attributes: { "rules.count": 37, "rules.set": "autumn" },
  },
  {
    service: "stock",
    name: "GET /stock/{sku}",
    kind: SpanKind.Server,
    attributes: { "http.request.method": "GET", "http.response.status_code": 200, sku: "lamp-22" },
  },
  {
    service: "stock",
    name: "GET stock:lamp-22",
    kind: SpanKind.Client,
    attributes: { "db.system.name": "redis", "db.operation.name": "GET" },
  },
  {
    service: "shipping",
    name: "estimate",
    kind: SpanKind.Server,
    attributes: { "rpc.system": "grpc", "rpc.method": "Estimate" },
  },
  {
    service: "storefront",
    name: "POST pricing /quotes",
    kind: SpanKind.Client,
    attributes: { "http.request.method": "POST", "server.address": "pricing" },
  },
  {
    service: "mailer",
    name: "receipts process",
    kind: SpanKind.Consumer,
    attributes: { "messaging.system": "kafka", "messaging.destination.name": "receipts" },
  },
  {
    service: "payment",
    name: "POST /charges",
    kind: SpanKind.Server,
    attributes: { "http.request.method": "POST", "http.response.status_code": 201 },
  },
  {
    service: "search-index",
    name: "suggest",
    kind: SpanKind.Server,
    attributes: { "rpc.system": "grpc" },
  },
];

const hostile = [
  '<img src=x onerror="alert(1)">',
  "line one\nline two\ttab \u0000 null \u001b[31mred",
  "right-to-left \u202egnp.exe\u202c and עברית",
  "long ".repeat(2000),
];

class Builder {
  readonly batch = new SpanBatch();
  readonly #random: () => number;
  #nextId = 1;

  constructor(seed: number) {
    this.#random = random(seed);
    const { strings, scopes } = this.batch;
    scopes.add("scope", {
      droppedAttributes: 0,
      schemaUrl: 0,
      name: strings.internText("shop-instrumentation"),
      version: strings.internText("1.4.2"),
    });
  }

  next(): number {
    return this.#random();
  }

  resource(service: string): number {
    const { strings, resources } = this.batch;
    const known = resources.find(service);
    if (known >= 0) return known;
    const put = (key: string, value: string): void =>
      resources.attributes.push(
        strings.internText(key),
        ValueType.String,
        strings.internText(value),
        0,
      );
    put("service.name", service);
    put("service.version", "2.18.0");
    put("deployment.environment.name", "staging");
    put("host.name", `${service.slice(0, 20)}-7c9d-x2`);
    put("telemetry.sdk.language", "nodejs");
    return resources.add(service, {
      droppedAttributes: 0,
      schemaUrl: 0,
      entityRefs: 0,
      serviceName: strings.internText(service),
    });
  }

  /** Adds a span; `parent` is a span id, 0 for none. Times are nanoseconds since 1970. Returns its id. */
  span(
    call: Call,
    traceId: bigint,
    parent: number,
    start: bigint,
    end: bigint,
    failed: boolean,
    extra: Readonly<Record<string, string>> = {},
  ): number {
    const { batch } = this;
    const { strings } = batch;
    const row = batch.beginSpan();
    const id = this.#nextId++;
    const ids = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset);
    ids(batch.traceIds).setBigUint64(row * 16, 0x4bf92f3577b34da6n);
    ids(batch.traceIds).setBigUint64(row * 16 + 8, traceId);
    ids(batch.spanIds).setBigUint64(row * 8, spanId(id));
    ids(batch.parentIds).setBigUint64(row * 8, parent === 0 ? 0n : spanId(parent));
    batch.name[row] = strings.internText(call.name);
    batch.kind[row] = call.kind;
    write(batch.start, row, start);
    write(batch.end, row, end);
    batch.status[row] = failed ? StatusCode.Error : StatusCode.Unset;
    if (failed)
      batch.statusMessage[row] = strings.internText(
        "upstream answered 503: connection pool exhausted",
      );
    for (const [key, value] of Object.entries({
      ...call.attributes,
      ...extra,
      "thread.id": (id * 7) % 23,
    }))
      this.#attribute(key, value);
    if (failed || this.next() < 0.06) this.#event(failed, start, end);
    batch.commitSpan(this.resource(call.service), 0);
    return id;
  }

  #attribute(key: string, value: string | number, columns = this.batch.attributes): void {
    const { strings } = this.batch;
    if (typeof value === "string")
      columns.push(strings.internText(key), ValueType.String, strings.internText(value), 0);
    else columns.push(strings.internText(key), ValueType.Int, value, 0);
  }

  #event(failed: boolean, start: bigint, end: bigint): void {
    const { batch } = this;
    const at = start + ((end - start) * BigInt(Math.floor(this.next() * 90) + 5)) / 100n;
    const event = batch.beginEvent();
    batch.eventName[event] = batch.strings.internText(failed ? "exception" : "cache.miss");
    write(batch.eventTime, event, at);
    if (failed) {
      this.#attribute("exception.type", "PoolExhaustedError", batch.eventAttributes);
      this.#attribute(
        "exception.message",
        "no connection became free within 250 ms",
        batch.eventAttributes,
      );
      this.#attribute(
        "exception.stacktrace",
        "PoolExhaustedError: no connection became free\n    at acquire (pool.js:88:11)\n    at query (client.js:41:20)\n    at loadBasket (basket.js:17:9)",
        batch.eventAttributes,
      );
    } else this.#attribute("cache.key", "basket:4711", batch.eventAttributes);
    batch.commitEvent();
  }

  link(traceId: bigint, id: number): void {
    const { batch } = this;
    const link = batch.beginLink();
    const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset);
    view(batch.linkTraceIds).setBigUint64(link * 16, 0x4bf92f3577b34da6n);
    view(batch.linkTraceIds).setBigUint64(link * 16 + 8, traceId);
    view(batch.linkSpanIds).setBigUint64(link * 8, spanId(id));
    batch.commitLink();
  }
}

function spanId(id: number): bigint {
  return 0x00f067aa0ba90000n + BigInt(id) * 65537n;
}

function write(words: Uint32Array, row: number, nano: bigint): void {
  words[row * 2] = Number(nano & 0xffffffffn);
  words[row * 2 + 1] = Number(nano >> 32n);
}

/** A trace of about `size` spans that starts at `start`; `odd` adds what goes wrong in real ones. */
export function fakeTrace(traceId: bigint, size: number, start: bigint, odd: boolean): SpanBatch {
  const builder = new Builder(Number(traceId & 0xffffffn));
  const ms = 1_000_000n;
  const total = size > 5000 ? 12_000n * ms : 840n * ms;
  const root = builder.span(calls[0] as Call, traceId, 0, start, start + total, odd);
  // A pool of open spans to hang children under; children lie inside their parents.
  const open: { id: number; start: bigint; end: bigint; depth: number }[] = [
    { id: root, start, end: start + total, depth: 0 },
  ];
  while (builder.batch.length < size) {
    const at = Math.floor(builder.next() ** (size > 5000 ? 1 : 1.4) * open.length);
    const parent = open[at] as (typeof open)[number];
    const length = parent.end - parent.start;
    const from = parent.start + (length * BigInt(Math.floor(builder.next() * 860))) / 1000n;
    const to = from + ((parent.end - from) * BigInt(Math.floor(80 + builder.next() * 880))) / 1000n;
    const call = calls[1 + Math.floor(builder.next() * (calls.length - 1))] as Call;
    const id = builder.span(
      call,
      traceId,
      parent.id,
      from,
      to,
      builder.next() < (odd ? 0.05 : 0.01),
    );
    if (parent.depth < 14 && to - from > 20_000n)
      open.push({ id, start: from, end: to, depth: parent.depth + 1 });
    if (open.length > 400) open.splice(1 + Math.floor(builder.next() * 200), 40);
  }
  if (odd) addOddities(builder, traceId, root, start, ms);
  return builder.batch;
}

function addOddities(
  builder: Builder,
  traceId: bigint,
  root: number,
  start: bigint,
  ms: bigint,
): void {
  const [, , , pricing, , stock, , shipping, , mailer, payment] = calls as Call[];
  builder.span(shipping as Call, traceId, 900_000, start + 300n * ms, start + 420n * ms, false);
  builder.span(shipping as Call, traceId, 900_000, start + 430n * ms, start + 470n * ms, false);
  builder.span(stock as Call, traceId, root, start - 4n * ms, start + 40n * ms, false);
  builder.span(payment as Call, traceId, root, start + 600n * ms, start + 590n * ms, false);
  const receipt = builder.span(
    mailer as Call,
    traceId,
    root,
    start + 800n * ms,
    start + 1260n * ms,
    false,
  );
  builder.span(
    { ...(pricing as Call), name: "render receipt", service: "mailer", kind: SpanKind.Internal },
    traceId,
    receipt,
    start + 820n * ms,
    start + 1190n * ms,
    false,
  );
  const names = hostile.map((name, i) => ({
    ...(stock as Call),
    name,
    service: i === 0 ? "<b>bold</b> service" : "stock",
  }));
  names.forEach((call, i) => {
    builder.link(0xaaaan, 7);
    builder.span(
      call,
      traceId,
      root,
      start + BigInt(100 + i * 30) * ms,
      start + BigInt(150 + i * 40) * ms,
      false,
      { "hostile.value": call.name, [call.name.slice(0, 60)]: "a hostile key" },
    );
  });
}
