// Route names and errors of web frameworks, with the real frameworks in real processes, in both module systems.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Imports, MODULE_SYSTEMS, provide, provideAs, run } from "../testing/libraries.ts";
import { OtlpSink } from "../testing/otlp-sink.ts";
import { makePlace, type Place, removePlace } from "../testing/program.ts";

let sink: OtlpSink;
let place: Place;

beforeEach(async () => {
  sink = await OtlpSink.start();
  place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "routes" });
});

afterEach(async () => {
  removePlace(place);
  await sink.stop();
});

/** Asks for each path in turn and prints the answers; `port` and `close` are the program's. */
const ASK = `
  const answers = [];
  for (const path of ["/orders/17", "/v1/acme/items/3", "/broken/1", "/refused", "/nowhere"]) {
    const answer = await fetch("http://127.0.0.1:" + port + path);
    answers.push(answer.status, await answer.text());
  }
  close();
  console.log(JSON.stringify(answers));`;

interface Framework {
  readonly name: string;
  readonly imports: Imports;
  readonly body: string;
  readonly older?: readonly [string, string];
  /** Name of the span of what is not found. */
  readonly nowhere?: string;
}

const EXPRESS = `
  const app = express();
  const items = express.Router({ mergeParams: true });
  items.get("/items/:item", (req, res) => { res.send(req.params.tenant + req.params.item); });
  app.use((req, res, next) => setImmediate(next));
  app.use("/v1", express.Router());
  app.use("/v1/:tenant", items);
  app.get("/orders/:id", (req, res, next) => next("route"));
  app.get("/orders/:id", async (req, res) => { await null; res.send("order " + req.params.id); });
  app.get("/broken/:id", (req, res) => { throw new TypeError("broken"); });
  app.get("/refused", (req, res, next) => next(Object.assign(new Error("refused"), { status: 400 })));
  app.use((error, req, res, next) => { res.status(error.status ?? 500).send(error.message); });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.on("listening", resolve));
  const { port } = server.address();
  const close = () => server.close();`;

const FRAMEWORKS: readonly Framework[] = [
  { name: "express 5", imports: { express: "express" }, body: EXPRESS },
  {
    name: "express 4",
    imports: { express: "express" },
    body: EXPRESS,
    older: ["express4", "express"],
  },
  {
    name: "fastify",
    imports: { fastify: "Fastify" },
    body: `
      const app = Fastify();
      app.get("/orders/:id", async (request) => "order " + request.params.id);
      app.register(async (inner) => {
        inner.get("/items/:item", async (request) => request.params.tenant + request.params.item);
      }, { prefix: "/v1/:tenant" });
      app.get("/broken/:id", async () => { throw new TypeError("broken"); });
      app.get("/refused", async () => { throw Object.assign(new Error("refused"), { statusCode: 400 }); });
      app.setErrorHandler((error, request, reply) => reply.code(error.statusCode ?? 500).send(error.message));
      await app.listen({ port: 0, host: "127.0.0.1" });
      const { port } = app.server.address();
      const close = () => app.close();`,
  },
  {
    name: "koa",
    imports: { koa: "Koa", "@koa/router": "Router" },
    body: `
      const app = new Koa();
      app.silent = true;
      const items = new Router();
      items.get("/items/:item", (ctx) => { ctx.body = ctx.params.tenant + ctx.params.item; });
      const router = new Router();
      router.use("/v1/:tenant", items.routes());
      router.get("/orders/:id", async (ctx) => { await null; ctx.body = "order " + ctx.params.id; });
      router.get("/broken/:id", async () => { throw Object.assign(new TypeError("broken"), { expose: true }); });
      router.get("/refused", (ctx) => ctx.throw(400, "refused"));
      app.use(new Router().routes());
      app.use(router.routes());
      const server = app.listen(0, "127.0.0.1");
      await new Promise((resolve) => server.on("listening", resolve));
      const { port } = server.address();
      const close = () => server.close();`,
  },
  {
    name: "hono",
    imports: {
      hono: "{ Hono }",
      "@hono/node-server": "{ serve }",
      "hono/http-exception": "{ HTTPException }",
    },
    body: `
      const app = new Hono();
      app.use("*", async (c, next) => { await next(); });
      const items = new Hono();
      items.get("/items/:item", (c) => c.text(c.req.param("tenant") + c.req.param("item")));
      app.route("/v1/:tenant", items);
      app.get("/orders/:id", async (c) => c.text("order " + c.req.param("id")));
      app.get("/broken/:id", async () => { throw new TypeError("broken"); });
      app.get("/refused", async () => { throw new HTTPException(400, { message: "refused" }); });
      app.onError((error, c) => c.text(error.message, error.status ?? 500));
      let port;
      const server = await new Promise((resolve) => {
        const made = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, (info) => { port = info.port; resolve(made); });
      });
      const close = () => server.close();`,
  },
  {
    name: "nestjs",
    imports: {
      "reflect-metadata": "_reflect",
      "@nestjs/core": "{ NestFactory }",
      "@nestjs/common": "{ BadRequestException, Controller, Get, Module, Param }",
    },
    body: `
      class Orders {
        order(id) { return "order " + id; }
        item(tenant, item) { return tenant + item; }
        async broken() { throw new TypeError("broken"); }
        refused() { throw new BadRequestException("refused"); }
      }
      const get = (path, name, ...params) => {
        params.forEach((param, index) => Param(param)(Orders.prototype, name, index));
        Get(path)(Orders.prototype, name, Object.getOwnPropertyDescriptor(Orders.prototype, name));
      };
      get("orders/:id", "order", "id");
      get("v1/:tenant/items/:item", "item", "tenant", "item");
      get("broken/:id", "broken");
      get("refused", "refused");
      Controller()(Orders);
      class App {}
      Module({ controllers: [Orders] })(App);
      const app = await NestFactory.create(App, { logger: false });
      app.useGlobalFilters({ catch(error, host) {
        host.switchToHttp().getResponse().status(error.getStatus?.() ?? 500).send(error.message);
      } });
      await app.listen(0, "127.0.0.1");
      const { port } = app.getHttpServer().address();
      const close = () => app.close();`,
  },
];

const LIBRARIES = [
  "fastify",
  "koa",
  "@koa/router",
  "hono",
  "@hono/node-server",
  "reflect-metadata",
  "@nestjs/core",
  "@nestjs/common",
];

describe.each(FRAMEWORKS)("$name", ({ imports, body, older }) => {
  test.each(MODULE_SYSTEMS)(
    "names server spans after routes and keeps what handlers throw: %s",
    async (kind) => {
      provide(place, LIBRARIES);
      if (older === undefined) provide(place, ["express"]);
      else provideAs(place, ...older);
      const ending = await run(place, kind, imports, body + ASK);
      expect(ending.stderr).toBe("");
      const answers = JSON.parse(ending.stdout) as unknown[];
      expect(answers.slice(0, 8)).toEqual([
        200,
        "order 17",
        200,
        "acme3",
        500,
        "broken",
        400,
        "refused",
      ]);
      expect(answers[8]).toBe(404);
      await sink.until(({ spans }) => spans.filter((span) => span.kind === 2).length === 5);
      const servers = sink.spans.filter((span) => span.kind === 2);
      expect(servers.slice(0, 4).map((span) => span.name)).toEqual([
        "GET /orders/:id",
        "GET /v1/:tenant/items/:item",
        "GET /broken/:id",
        "GET /refused",
      ]);
      expect(servers[0]?.attributes["http.route"]).toBe("/orders/:id");
      expect(servers[4]?.name).toBe("GET");
      const thrown = servers.map(({ events }) =>
        events.map(({ attributes }) => attributes["exception.message"]),
      );
      expect(thrown).toEqual([[], [], ["broken"], [], []]);
      expect(servers[2]?.status?.code).toBe(2);
      expect(servers[3]?.status?.code ?? 0).toBe(0);
    },
  );
});

describe.each(FRAMEWORKS.filter(({ name }) => /express|fastify|koa/.test(name)))(
  "$name",
  ({ imports, body, older }) => {
    test("gives each handler a span where that is wanted, inside of which it runs", async () => {
      provide(place, LIBRARIES);
      if (older === undefined) provide(place, ["express"]);
      else provideAs(place, ...older);
      place.env["CLEW_SDK_HANDLER_SPANS"] = "true";
      const ending = await run(
        place,
        "mjs",
        { ...imports, "%sdk%": "{ span }" },
        inner(body) + ASK,
      );
      expect(ending.stderr).toBe("");
      const { parentSpanId } = await sink.span("in the handler");
      await sink.until(({ spans }) => spans.filter((span) => span.kind === 2).length === 5);
      const handler = sink.spans.find(({ spanId }) => spanId === parentSpanId);
      const server = sink.spans.find(({ spanId }) => spanId === handler?.parentSpanId);
      expect(handler?.name).toMatch(/^handler/);
      expect(server?.name).toBe("GET /orders/:id");
      const ends = Number(handler?.endTimeUnixNano);
      expect(ends).toBeGreaterThanOrEqual(Number(handler?.startTimeUnixNano));
    });
  },
);

/** The program with a span of its own where an order is looked up. */
function inner(body: string): string {
  return body.replace(/"order " \+/, `span("in the handler", () => "order ") +`);
}
