// Queries of pg against Debian's PostgreSQL, in both module systems; skipped where it is not installed.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hasDatabase, type RunningDatabase, startDatabase } from "../testing/databases.ts";
import { MODULE_SYSTEMS, provide, run } from "../testing/libraries.ts";
import { OtlpSink } from "../testing/otlp-sink.ts";
import { makePlace, type Place, removePlace } from "../testing/program.ts";

const here = hasDatabase("postgresql");
const title = here ? "pg" : "pg, which needs Debian's package postgresql";

describe.skipIf(!here)(title, () => {
  let database: RunningDatabase;
  let sink: OtlpSink;
  let place: Place;

  beforeAll(async () => {
    database = await startDatabase("postgresql");
  }, 60_000);
  afterAll(() => database.stop());
  beforeEach(async () => {
    sink = await OtlpSink.start();
    place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "pg" });
    provide(place, ["pg"]);
  });
  afterEach(async () => {
    removePlace(place);
    await sink.stop();
  });

  const spansOf = (name: string) => sink.spans.filter((span) => span.name === name);

  test.each(MODULE_SYSTEMS)(
    "queries have spans without data, under who asked: %s",
    async (kind) => {
      const ending = await run(
        place,
        kind,
        { pg: "{ Client, Pool, Query }", "%sdk%": "{ span, activeSpan }" },
        `const options = { host: "127.0.0.1", port: ${database.port}, user: "postgres", database: "postgres" };
       const pool = new Pool({ ...options, max: 1 });
       await pool.query("CREATE TABLE IF NOT EXISTS orders (id int, name text)");
       const seen = [];
       const callback = (name, ask) => span(name, (own) => new Promise((resolve) => {
         ask((error, result) => { seen.push(activeSpan() === own, error?.code ?? result.rowCount); resolve(); });
       }));
       // Four at once share a single connection: each is called back by the release of another.
       await Promise.all([
         callback("one", (back) => pool.query("SELECT name FROM orders WHERE name = 'secret' AND id = $1", [7], back)),
         callback("two", (back) => pool.query({ text: "SELECT id FROM orders", name: "named" }, back)),
         callback("three", (back) => pool.query("SELECT nothing FROM nowhere", back)),
         span("four", async () => { const { rows } = await pool.query("SELECT 4 AS four"); seen.push(rows[0].four); }),
       ]);
       const client = new Client(options);
       await client.connect();
       const rejected = await client.query("SELECT 1/0").catch((error) => error.code);
       await callback("five", (back) => client.query({ text: "SELECT 5", callback: back }));
       await span("six", (own) => new Promise((resolve) => {
         const query = client.query(new Query("SELECT 6 AS six"));
         query.on("row", (row) => seen.push(row.six, activeSpan() === own));
         query.on("end", resolve);
       }));
       await client.end();
       await pool.end();
       console.log(JSON.stringify([seen, rejected, pool.query.length, client.query.length]));`,
      );
      expect(ending.stderr).toBe("");
      const [seen, rejected] = JSON.parse(ending.stdout) as [unknown[], string];
      expect(seen).toEqual([true, 0, true, 0, true, "42P01", 4, true, 1, 6, true]);
      expect(rejected).toBe("22012");
      await sink.until(({ spans }) => spans.some(({ name }) => name === "six"));
      const one = sink.spans.find(({ name }) => name === "one");
      const child = sink.spans.find((each) => each.parentSpanId === one?.spanId && each.kind === 3);
      expect(child?.attributes).toMatchObject({
        "db.system.name": "postgresql",
        "db.namespace": "postgres",
        "db.operation.name": "SELECT",
        "db.collection.name": "orders",
        "db.query.summary": "SELECT orders",
        "db.query.text": "SELECT name FROM orders WHERE name = ? AND id = $1",
        "server.address": "127.0.0.1",
        "server.port": database.port,
      });
      expect(child?.name).toBe("SELECT orders");
      const failed = spansOf("SELECT nowhere")[0];
      expect(failed?.attributes).toMatchObject({
        "db.response.status_code": "42P01",
        "error.type": "42P01",
      });
      expect(failed?.status?.code).toBe(2);
      for (const name of ["one", "two", "three", "four", "five", "six"]) {
        const parent = sink.spans.find((span) => span.name === name);
        const children = sink.spans.filter(
          (each) => each.parentSpanId === parent?.spanId && each.kind === 3,
        );
        expect([name, children.length]).toEqual([name, 1]);
      }
      expect(JSON.stringify(sink.spans)).not.toContain("secret");
    },
  );

  test("waiting for a connection is a span of its own, and no part of the query's", async () => {
    const ending = await run(
      place,
      "mjs",
      { pg: "{ Pool }", "%sdk%": "{ span }" },
      `const pool = new Pool({ connectionString: "postgres://postgres@127.0.0.1:${database.port}/postgres", max: 1 });
       await pool.query("SELECT 1");
       await Promise.all([
         span("holder", () => pool.query("SELECT pg_sleep(0.3)")),
         span("waiter", () => pool.query("SELECT 2 FROM pg_database")),
       ]);
       await pool.end();
       const gone = new Pool({ host: "127.0.0.1", port: 1, max: 1 });
       await span("refused", () => gone.query("SELECT 1")).catch(() => {});`,
    );
    expect(ending.stderr).toBe("");
    const { spanId } = await sink.span("waiter");
    const under = sink.spans.filter(({ parentSpanId }) => parentSpanId === spanId);
    const millis = (name: string) => {
      const found = under.find((span) => span.name === name);
      return (Number(found?.endTimeUnixNano) - Number(found?.startTimeUnixNano)) / 1e6;
    };
    expect(millis("wait for a connection")).toBeGreaterThan(250);
    expect(millis("SELECT pg_database")).toBeLessThan(250);
    const { spanId: refused } = await sink.span("refused");
    const wait = sink.spans.find(({ parentSpanId }) => parentSpanId === refused);
    expect(wait?.attributes).toMatchObject({ "error.type": "ECONNREFUSED", "server.port": 1 });
    // That is none of the database's.
    expect(wait?.attributes["db.response.status_code"]).toBeUndefined();
  });

  test("query objects stay what they are, and what they call runs for who asked", async () => {
    const ending = await run(
      place,
      "mjs",
      { pg: "{ Client, Query }", "%sdk%": "{ activeSpan, span }" },
      `class Rows extends Query {
         read(count, back) { this.back = back; return count; }
         handleReadyForQuery(connection) { super.handleReadyForQuery(connection); this.back?.(this._results.rows.length); }
       }
       const options = { host: "127.0.0.1", port: ${database.port}, user: "postgres", database: "postgres" };
       const client = new Client(options);
       await client.connect();
       await span("asked", (own) => new Promise((resolve) => {
         const query = new Query("SELECT 1 FROM pg_database", () => { console.log(activeSpan() === own); resolve(); });
         console.log(client.query(query) === query);
       }));
       await span("read", (own) => new Promise((resolve) => {
         const rows = client.query(new Rows("SELECT 2"));
         rows.on("error", resolve);
         console.log(rows.read(7, (count) => { console.log(count, activeSpan() === own); resolve(); }));
       }));
       await client.end();`,
    );
    expect(ending.stderr).toBe("");
    expect(ending.stdout).toBe("true\ntrue\n7\n1 true\n");
  });
});
