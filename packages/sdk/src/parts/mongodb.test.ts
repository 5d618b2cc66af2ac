// Commands of the MongoDB driver, in both module systems, against a stub of the wire protocol: no real server is to be
// had from npm or Debian.

import { afterEach, beforeEach, expect, test } from "vitest";
import { MODULE_SYSTEMS, provide, run } from "../testing/libraries.ts";
import { type MongoCommand, startMongoStub } from "../testing/mongo-stub.ts";
import { OtlpSink } from "../testing/otlp-sink.ts";
import { makePlace, type Place, removePlace } from "../testing/program.ts";

let sink: OtlpSink;
let place: Place;
let stub: Awaited<ReturnType<typeof startMongoStub>>;

function answer(command: MongoCommand) {
  if ("find" in command) {
    return {
      ok: 1,
      cursor: { id: 0n, ns: `shop.${String(command["find"])}`, firstBatch: [{ _id: 1 }] },
    };
  }
  if (command["insert"] === "twice") {
    return { ok: 1, n: 0, writeErrors: [{ index: 0, code: 11_000, errmsg: "duplicate key" }] };
  }
  if ("aggregate" in command)
    return { ok: 0, code: 26, codeName: "NamespaceNotFound", errmsg: "ns not found" };
  return { ok: 1, n: 2 };
}

beforeEach(async () => {
  stub = await startMongoStub(answer);
  sink = await OtlpSink.start();
  place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "mongodb" });
  provide(place, ["mongodb"]);
});

afterEach(async () => {
  removePlace(place);
  await sink.stop();
  await stub.stop();
});

test.each(MODULE_SYSTEMS)(
  "commands have spans with their shape and no values: %s",
  async (kind) => {
    const ending = await run(
      place,
      kind,
      { mongodb: "{ MongoClient, ObjectId }", "%sdk%": "{ span }" },
      `const client = new MongoClient("mongodb://127.0.0.1:${stub.port}/shop", { maxPoolSize: 1 });
     const orders = client.db().collection("orders");
     const found = await Promise.all([
       span("find", () => orders.find({ status: "secret", $or: [{ a: { $in: [1, 2] } }, { b: new ObjectId() }] }, { sort: { at: -1 } }).toArray()),
       span("insert", () => orders.insertMany([{ name: "secret" }, { name: "secret" }])),
       span("update", () => orders.updateOne({ name: "secret" }, { $set: { name: "secret" } })),
       span("aggregate", () => orders.aggregate([{ $match: { name: "secret" } }]).toArray().catch((error) => error.code)),
       span("twice", () => client.db().collection("twice").insertOne({ name: "secret" }).catch((error) => error.code)),
     ]);
     await client.close();
     console.log(JSON.stringify(found.map((each) => each?.length ?? each?.insertedCount ?? each?.matchedCount ?? each)));`,
    );
    expect(ending.stderr).toBe("");
    expect(JSON.parse(ending.stdout)).toEqual([1, 2, 2, 26, 11_000]);
    await sink.span("twice");
    await sink.until(({ spans }) => spans.filter((span) => span.kind === 3).length === 5);
    const under = (name: string) => {
      const parent = sink.spans.find((span) => span.name === name);
      const found = sink.spans.filter(({ parentSpanId }) => parentSpanId === parent?.spanId);
      expect([name, found.length]).toEqual([name, 1]);
      return found[0];
    };
    expect(under("find")?.name).toBe("find orders");
    expect(under("find")?.attributes).toEqual({
      "db.system.name": "mongodb",
      "db.namespace": "shop",
      "db.collection.name": "orders",
      "db.operation.name": "find",
      "db.query.summary": "find orders",
      "db.query.text": `{"find":"orders","filter":{"status":"?","$or":[{"a":{"$in":"?"}},{"b":"?"}]},"sort":{"at":"?"}}`,
      "server.address": "127.0.0.1",
      "server.port": stub.port,
    });
    expect(under("insert")?.attributes).toMatchObject({
      "db.operation.batch.size": 2,
      "db.query.text": `{"insert":"orders"}`,
    });
    expect(under("update")?.attributes["db.query.text"]).toBe(
      `{"update":"orders","q":{"name":"?"}}`,
    );
    expect(under("aggregate")?.attributes).toMatchObject({
      "db.query.text": `{"aggregate":"orders","pipeline":[{"$match":{"name":"?"}}]}`,
      "db.response.status_code": "26",
    });
    expect(under("twice")?.attributes["error.type"]).toBe("11000");
    expect(JSON.stringify(sink.spans)).not.toContain("secret");
  },
);

test("a filter that holds itself is refused by the driver, and by nobody later", async () => {
  const ending = await run(
    place,
    "mjs",
    { mongodb: "{ MongoClient }", "%sdk%": "{ span }" },
    `const client = new MongoClient("mongodb://127.0.0.1:${stub.port}/shop");
     const filter = { status: "secret" };
     for (let at = 0; at < 20; at++) filter["self" + at] = filter;
     const error = await span("caller", () => client.db().collection("orders").findOne(filter).catch((thrown) => thrown));
     console.log(error instanceof Error);
     await client.close();`,
  );
  expect(ending).toMatchObject({ stderr: "", stdout: "true\n" });
  const { spanId } = await sink.span("caller");
  const call = sink.spans.find(({ parentSpanId }) => parentSpanId === spanId);
  expect(call?.attributes["db.query.text"]).toContain(`{"find":"orders","filter":{"status":"?"`);
});
