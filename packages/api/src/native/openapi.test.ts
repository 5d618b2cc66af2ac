// The OpenAPI document against the running routes: what it says is what they do.

import { Ajv2020 } from "ajv/dist/2020.js";
import { type FastifyInstance, fastify } from "fastify";
import { afterAll, describe, expect, test } from "vitest";
import { memoryRedReader } from "../prometheus/testing/memory-red-reader.ts";
import { Sampling } from "../sampling/sampling.ts";
import { memoryTraceqlReader } from "../tempo/testing/memory-traceql-reader.ts";
import { openApiDocument } from "./openapi.ts";
import { nativeApi } from "./plugin.ts";
import type { Health } from "./route.ts";
import { nativeRoutes } from "./routes.ts";
import { memoryTraceReader } from "./testing/memory-trace-reader.ts";
import { cartTrace, payTrace, shop } from "./testing/shop.ts";

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly {
    name?: string;
    in?: string;
    required?: boolean;
    schema?: unknown;
    $ref?: string;
  }[];
  readonly responses: Record<
    string,
    { $ref?: string; content?: Record<string, { schema?: object }> }
  >;
}
type Change = "put" | "delete";
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<"get", Operation> & Partial<Record<Change, Operation>>>;
  readonly components: {
    readonly schemas: Record<string, object>;
    readonly responses: Record<string, { content: Record<string, { schema: object }> }>;
  };
}

const document = openApiDocument(nativeRoutes, "1.2.3") as unknown as Document;
const { server } = shop({ sampling: sampling() });
afterAll(() => server.close());

/** Throws unless `body` is what the document says about `status` of `path`. */
function checkAnswer(
  path: string,
  status: number,
  body: unknown,
  method: "get" | Change = "get",
): void {
  const described = document.paths[path]?.[method]?.responses[status];
  if (described === undefined) throw new Error(`${path} does not describe ${status}`);
  const name = described.$ref?.split("/").at(-1);
  const content =
    name === undefined ? described.content : document.components.responses[name]?.content;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema({ $id: "doc", components: document.components });
  const schema = JSON.parse(
    JSON.stringify(content?.["application/json"]?.schema ?? {}).replaceAll('"#/', '"doc#/'),
  ) as object;
  if (!ajv.validate(schema, body))
    throw new Error(`${path} ${status}: ${ajv.errorsText()}\n${JSON.stringify(body)}`);
}

function sampling(): Sampling {
  return new Sampling({
    reader: () => memoryRedReader([]),
    stored: new Map(),
    store: async () => undefined,
    onChange: () => undefined,
  });
}

const health = (): Health => ({ status: "ok", reasons: [] });

describe("the OpenAPI document", () => {
  test("has every route of the listener, and no other", async () => {
    const listener: FastifyInstance = fastify();
    const routes = new Set<string>();
    listener.addHook("onRoute", ({ method, url }) => {
      // What answers that a method is not possible takes several at once.
      if (!Array.isArray(method) && method !== "HEAD")
        routes.add(`${method} ${url.replaceAll(/:(\w+)/g, "{$1}")}`);
    });
    await listener.register(nativeApi, {
      reader: () => memoryTraceReader([]),
      traceql: () => memoryTraceqlReader(),
      health,
      version: "1",
    });
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect([...routes].toSorted()).toEqual(described.toSorted());
    expect(routes.size).toBeGreaterThan(10);
  });

  test("is served as it is made", async () => {
    const answer = await server.inject("/api/v1/openapi.json");
    expect(answer.json()).toEqual(JSON.parse(JSON.stringify(document)));
    expect(document.openapi).toBe("3.1.0");
  });

  test("names every parameter of a path, and gives each operation a name of its own", () => {
    const ids = Object.values(document.paths).map(({ get }) => get.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, { get }] of Object.entries(document.paths)) {
      const inPath = get.parameters.filter((one) => one.in === "path").map((one) => one.name);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
    }
  });

  const samples: Readonly<Record<string, string>> = {
    start: "now-2h",
    end: "now",
    step: "1m",
    service: "web",
    operation: "load",
    kind: "server",
    status: "error",
    minDuration: "1ms",
    maxDuration: "10s",
    attribute: "http.route",
    sort: "slowest",
    limit: "5",
    cursor: "0",
    scope: "span",
    prefix: "h",
    q: "{ } | rate()",
    spans: "4",
    instant: "true",
    exemplars: "5",
    series: "6",
    filter: "{ status = error }",
    field: "span.http.route",
  };
  const inPath: Readonly<Record<string, string>> = {
    traceId: payTrace,
    service: "web",
    key: "http.route",
  };

  test.each(Object.entries(document.paths))(
    "%s takes what is documented and answers as documented",
    async (path, { get }) => {
      const url = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
        encodeURIComponent(inPath[name] ?? ""),
      );
      const query = get.parameters.filter((one) => one.in === "query");
      const sample = (name = ""): string => {
        const value = path.endsWith("/search") && name === "q" ? "{ }" : samples[name];
        return `${name}=${encodeURIComponent(value ?? "no sample")}`;
      };
      const needed = query.filter(({ required }) => required).map(({ name }) => sample(name));
      const others = query.filter(({ required }) => required !== true);
      for (const chosen of [[], ...others.map(({ name }) => [sample(name)])]) {
        const search = `?${[...needed, ...chosen].join("&")}`;
        const answer = await server.inject(url + search);
        expect(`${search} ${answer.statusCode}`).toBe(`${search} 200`);
        if (answer.headers["content-type"]?.startsWith("application/json"))
          checkAnswer(path, 200, answer.json());
      }
      const wrong = await server.inject(`${url}?no_such_parameter=1`);
      expect(wrong.statusCode).toBe(400);
    },
  );

  test("changes take what is documented and answer as documented", async () => {
    for (const [path, url] of [
      ["/api/v1/sampling", "/api/v1/sampling"],
      ["/api/v1/sampling/{service}", "/api/v1/sampling/web"],
    ] as const) {
      expect(document.paths[path]?.put).toMatchObject({ requestBody: { required: true } });
      const put = await server.inject({ method: "PUT", url, payload: { probability: 0.25 } });
      expect(put.statusCode).toBe(200);
      checkAnswer(path, 200, put.json(), "put");
      const wrong = await server.inject({ method: "PUT", url, payload: { probability: 2 } });
      expect(wrong.statusCode).toBe(400);
      checkAnswer(path, 400, wrong.json(), "put");
      const gone = await server.inject({ method: "DELETE", url });
      expect(gone.statusCode).toBe(200);
      checkAnswer(path, 200, gone.json(), "delete");
    }
  });

  test("describes errors too", async () => {
    for (const [path, url, status] of [
      ["/api/v1/traces", "/api/v1/traces?limit=0", 400],
      ["/api/v1/traces/{traceId}", "/api/v1/traces/1", 404],
    ] as const) {
      const answer = await server.inject(url);
      expect(answer.statusCode).toBe(status);
      checkAnswer(path, status, answer.json());
    }
  });

  test("describes both states of health", async () => {
    const starting = shop({
      health: { status: "starting", reasons: ["the store is being opened"] },
    });
    const answer = await starting.server.inject("/api/v1/health");
    expect(answer.statusCode).toBe(503);
    checkAnswer("/api/v1/health", 503, answer.json());
    expect(answer.json()).toMatchObject({ status: "starting", version: "1.2.3" });
  });

  test("says the defaults and limits that hold", () => {
    const search = document.paths["/api/v1/traces"]?.get.parameters ?? [];
    expect(search.find((one) => one.name === "limit")).toMatchObject({
      required: false,
      schema: { type: "integer", minimum: 1, maximum: 1000, default: 50 },
    });
    expect(search.find((one) => one.name === "attribute")).toMatchObject({
      schema: { type: "array" },
    });
    expect(search.find((one) => one.name === "kind")).toMatchObject({
      schema: { enum: expect.arrayContaining(["server"]) },
    });
  });

  test("gives answers with content, so that their schemas are tried", async () => {
    const answer = await server.inject("/api/v1/traces");
    expect(answer.json().traces.map((trace: { traceId: string }) => trace.traceId)).toEqual([
      payTrace,
      cartTrace,
    ]);
  });
});
