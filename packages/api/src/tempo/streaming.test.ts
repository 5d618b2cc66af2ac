// tempopb.StreamingQuerier with a real gRPC client, on the port that speaks HTTP/1.1 as well.

import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { ClewError } from "@clew/base";
import {
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { now, payTrace } from "../native/testing/shop.ts";
import {
  cost,
  type MemoryTraceqlReader,
  memoryTraceqlReader,
} from "./testing/memory-traceql-reader.ts";
import { decode, encode } from "./testing/tempo-proto.ts";
import { foundTraces, tempoShop } from "./testing/tempo-shop.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Running {
  readonly client: Client;
  readonly port: number;
}

async function running(traceql: MemoryTraceqlReader): Promise<Running> {
  const { server } = tempoShop(traceql);
  await server.listen({ host: "127.0.0.1", port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  stops.push(async () => {
    client.close();
    await server.close();
  });
  return { client, port };
}

function stream(
  client: Client,
  method: string,
  request: Buffer,
  metadata: Metadata = new Metadata(),
): ClientReadableStream<Buffer> {
  const path = `/tempopb.StreamingQuerier/${method}`;
  const asIs = (bytes: Buffer): Buffer => bytes;
  return client.makeServerStreamRequest(path, asIs, asIs, request, metadata);
}

async function messages(
  client: Client,
  method: string,
  request: Record<string, unknown>,
  types: readonly [string, string],
): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  for await (const bytes of stream(client, method, encode(types[0], request)))
    found.push(decode(types[1], bytes as Buffer));
  return found;
}

const searchTypes = ["SearchRequest", "SearchResponse"] as const;

/** Status code that the call ends with. */
async function failure(call: ClientReadableStream<Buffer>): Promise<ServiceError> {
  call.resume();
  const [error] = (await once(call, "error")) as [ServiceError];
  return error;
}

const nowSeconds = Number(now / 1_000_000_000n);

describe("a search", () => {
  test("streams the newest traces first, then the older ones with the final progress", async () => {
    const reader = memoryTraceqlReader({ traces: foundTraces });
    const { client } = await running(reader);
    const request = { Query: "{}", start: nowSeconds - 86_400, end: nowSeconds };
    const parts = await messages(client, "Search", request, searchTypes);
    expect(parts).toMatchObject([
      {
        traces: [{ traceID: payTrace, spanSets: [{ matched: 1 }] }],
        metrics: { completedJobs: 1, totalJobs: 2, inspectedBytes: "34000" },
      },
      {
        traces: [{ traceID: "ca270" }],
        metrics: { completedJobs: 2, totalJobs: 2, inspectedBytes: "68000" },
      },
    ]);
    expect(reader.searches.map(({ range }) => range.endNano - range.startNano)).toEqual([
      5_400_000_000_000n,
      81_000_000_000_000n,
    ]);
  });

  test("ends when it has as many traces as were asked for", async () => {
    const reader = memoryTraceqlReader({ traces: foundTraces });
    const { client } = await running(reader);
    const request = { Query: "{}", Limit: 1, start: nowSeconds - 86_400, end: nowSeconds };
    const parts = await messages(client, "Search", request, searchTypes);
    expect(parts).toMatchObject([{ metrics: { completedJobs: 2, totalJobs: 2 } }]);
    expect(reader.searches.length).toBe(1);
  });

  test("by tags and with a tenant", async () => {
    const reader = memoryTraceqlReader();
    const { client } = await running(reader);
    const metadata = new Metadata();
    metadata.set("X-Scope-OrgID", "team-a");
    const request = encode("SearchRequest", { Tags: { "http.route": "/pay" } });
    for await (const _ of stream(client, "Search", request, metadata)) void _;
    expect(reader.searches[0]).toMatchObject({
      tenant: "team-a",
      query: { pipeline: { stages: [{ condition: { left: { name: "http.route" } } }] } },
    });
  });

  test("in messages of at most 1 MiB, each trace once", async () => {
    const many = Array.from({ length: 900 }, (_, i) => ({
      ...foundTraces[0]!,
      traceId: `a${i.toString(16).padStart(31, "0")}`,
      rootName: "x".repeat(5000),
    }));
    const { client } = await running(memoryTraceqlReader({ traces: many }));
    const request = encode("SearchRequest", { Query: "{}", Limit: 900, end: nowSeconds });
    const sizes: number[] = [];
    const ids = new Set<string>();
    let traces = 0;
    for await (const bytes of stream(client, "Search", request)) {
      sizes.push((bytes as Buffer).length);
      const part = decode("SearchResponse", bytes as Buffer) as { traces: { traceID: string }[] };
      traces += part.traces.length;
      for (const { traceID } of part.traces) ids.add(traceID);
    }
    expect(sizes.length).toBeGreaterThan(4);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024);
    expect([traces, ids.size]).toEqual([900, 900]);
  });

  test("with a wrong query ends with what is wrong", async () => {
    const { client } = await running(memoryTraceqlReader());
    const error = await failure(
      stream(client, "Search", encode("SearchRequest", { Query: "{ status = " })),
    );
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.details).not.toBe("");
  });

  test("of bytes that are no request is refused", async () => {
    const { client } = await running(memoryTraceqlReader());
    const error = await failure(stream(client, "Search", Buffer.from([0x42, 0xff, 0x01])));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
  });

  test("is cancelled when its client goes away", async () => {
    const reader = memoryTraceqlReader();
    const asked = Promise.withResolvers<AbortSignal>();
    reader.search = (_query, signal) => {
      asked.resolve(signal as AbortSignal);
      return new Promise(() => {});
    };
    const { client } = await running(reader);
    const call = stream(client, "Search", encode("SearchRequest", { Query: "{}" }));
    const failed = failure(call);
    const signal = await asked.promise;
    const aborted = once(signal, "abort");
    call.cancel();
    await aborted;
    expect((await failed).code).toBe(status.CANCELLED);
  });

  test("tells when the store is not open", async () => {
    const reader = memoryTraceqlReader();
    reader.search = () => Promise.reject(new ClewError("unavailable", "Clew is starting"));
    const { client } = await running(reader);
    const error = await failure(stream(client, "Search", encode("SearchRequest", {})));
    expect([error.code, error.details]).toEqual([status.UNAVAILABLE, "Clew is starting"]);
  });
});

test("a range of metrics has a hundred exemplars when no number is asked for, or as many as are", async () => {
  const reader = memoryTraceqlReader();
  const { client } = await running(reader);
  const start = String(now - 60_000_000_000n);
  for (const asked of [{}, { exemplars: 7 }, { query: "{} | rate() with(exemplars=false)" }]) {
    const request = { query: "{} | rate()", start, end: String(now), ...asked };
    await messages(client, "MetricsQueryRange", request, [
      "QueryRangeRequest",
      "QueryRangeResponse",
    ]);
  }
  expect(reader.metricsAsked.map(({ exemplars }) => exemplars)).toEqual([100, 7, 0]);
});

test("tags, values and metrics come in their messages", async () => {
  const label = { name: "service", value: { type: "string", value: "web" } } as const;
  const { client } = await running(
    memoryTraceqlReader({
      names: [
        { scope: "span", names: ["b", "a"] },
        { scope: "intrinsic", names: ["name"] },
      ],
      values: [{ type: "int", value: "200", count: 1 }],
      metrics: {
        cost,
        series: [
          { labels: [label], samples: [{ timeMs: 1_700_000_000_000, value: 0 }], exemplars: [] },
        ],
      },
    }),
  );
  const one = async (method: string, request: object, types: [string, string]): Promise<unknown> =>
    messages(client, method, request as Record<string, unknown>, types);
  expect(await one("SearchTags", {}, ["SearchTagsRequest", "SearchTagsResponse"])).toEqual([
    { tagNames: ["a", "b"] },
  ]);
  expect(await one("SearchTagsV2", {}, ["SearchTagsRequest", "SearchTagsV2Response"])).toEqual([
    {
      scopes: [
        { name: "span", tags: ["b", "a"] },
        { name: "intrinsic", tags: ["name"] },
      ],
    },
  ]);
  const tag = { tagName: "span.a" };
  expect(
    await one("SearchTagValues", tag, ["SearchTagValuesRequest", "SearchTagValuesResponse"]),
  ).toEqual([{ tagValues: ["200"] }]);
  expect(
    await one("SearchTagValuesV2", tag, ["SearchTagValuesRequest", "SearchTagValuesV2Response"]),
  ).toEqual([{ tagValues: [{ type: "int", value: "200" }] }]);
  const query = { query: "{} | rate()", start: String(now - 60_000_000_000n), end: String(now) };
  const labels = [{ key: "service", value: { string_value: "web" } }];
  expect(
    await one("MetricsQueryRange", query, ["QueryRangeRequest", "QueryRangeResponse"]),
  ).toMatchObject([
    { series: [{ labels, samples: [{ timestamp_ms: "1700000000000", value: 0 }] }] },
  ]);
  expect(
    await one("MetricsQueryInstant", query, ["QueryInstantRequest", "QueryInstantResponse"]),
  ).toMatchObject([{ series: [{ labels, value: 0 }] }]);
});

describe("the port", () => {
  test("still speaks HTTP/1.1, also when the first bytes come one by one", async () => {
    const { port } = await running(memoryTraceqlReader());
    const answer = await fetch(`http://127.0.0.1:${port}/tempo/api/echo`);
    expect(await answer.text()).toBe("echo");
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    for (const letter of "PR") {
      socket.write(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.write("OPFIND /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 404 /);
  });

  test("closes at once with connections that never said anything", async () => {
    const { server } = tempoShop();
    await server.listen({ host: "127.0.0.1", port: 0 });
    const { port } = server.server.address() as AddressInfo;
    const accepted = once(server.server, "connection");
    const socket = connect(port, "127.0.0.1");
    const ended = once(socket, "close");
    await accepted;
    await server.close();
    await ended;
  });
});

async function textOf(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk) => (text += chunk));
  await once(socket, "close");
  return text;
}
