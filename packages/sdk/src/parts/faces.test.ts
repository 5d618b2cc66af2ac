// Patched methods look as before: programs and libraries ask functions for their names and lengths.

import { afterEach, beforeEach, expect, test } from "vitest";
import { provide, run } from "../testing/libraries.ts";
import { makePlace, type Place, removePlace } from "../testing/program.ts";

let place: Place;

beforeEach(() => {
  place = makePlace({ OTEL_TRACES_EXPORTER: "none" });
  provide(place, [
    "@grpc/grpc-js",
    "ioredis",
    "koa",
    "mongodb",
    "mysql2",
    "pg",
    "redis",
    "winston",
  ]);
});
afterEach(() => removePlace(place));

const FACES = `
  const face = (owner, name) => [name, owner[name].name, owner[name].length];
  const { Connection } = mysql;
  console.log(JSON.stringify([
    face(pg.Client.prototype, "query"), face(pg.Client.prototype, "connect"), face(pg.Pool.prototype, "connect"),
    face(Connection.prototype, "query"), face(Connection.prototype, "execute"),
    face(ioredis.prototype, "sendCommand"), face(ioredis.Pipeline.prototype, "exec"),
    face(grpc.Client.prototype, "makeUnaryRequest"), face(grpc.Server.prototype, "register"),
    face(winston.Logger.prototype, "write"), face(Koa.prototype, "use"),
    face(redis.createClient(), "sendCommand"),
  ]));`;

const IMPORTS = {
  pg: "pg",
  mysql2: "mysql",
  ioredis: "ioredis",
  redis: "redis",
  koa: "Koa",
  winston: "winston",
  "@grpc/grpc-js": "grpc",
};

test("names and lengths of patched methods are those of the library", async () => {
  const traced = await run(place, "cjs", IMPORTS, FACES);
  place.env["OTEL_SDK_DISABLED"] = "true";
  const bare = await run(place, "cjs", IMPORTS, FACES);
  expect(traced.stderr).toBe("");
  expect(traced.stdout).toBe(bare.stdout);
  expect(bare.stdout).toContain("makeUnaryRequest");
});

test("libraries whose instrumentation is disabled are left as they are", async () => {
  const imports = { pg: "pg", "%sdk%": "{ running }" };
  const body = `const found = running().report().modules.map(({ module, outcome }) => module + " " + outcome);
    console.log(found.sort().join(", "));`;
  const traced = await run(place, "cjs", imports, body);
  place.env["OTEL_NODE_DISABLED_INSTRUMENTATIONS"] = "pg";
  const disabled = await run(place, "cjs", imports, body);
  expect([traced.stdout, disabled.stdout]).toEqual(["pg patched, pg-pool patched\n", "\n"]);
});
