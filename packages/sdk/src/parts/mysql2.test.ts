// Queries of mysql2 against Debian's MariaDB, in both module systems; skipped where it is not installed.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hasDatabase, type RunningDatabase, startDatabase } from "../testing/databases.ts";
import { MODULE_SYSTEMS, provide, run } from "../testing/libraries.ts";
import { OtlpSink } from "../testing/otlp-sink.ts";
import { makePlace, type Place, removePlace } from "../testing/program.ts";

const here = hasDatabase("mariadb");
const title = here ? "mysql2" : "mysql2, which needs Debian's package mariadb-server";

describe.skipIf(!here)(title, () => {
  let database: RunningDatabase;
  let sink: OtlpSink;
  let place: Place;

  beforeAll(async () => {
    database = await startDatabase("mariadb");
  }, 60_000);
  afterAll(() => database.stop());
  beforeEach(async () => {
    sink = await OtlpSink.start();
    place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "mysql2" });
    provide(place, ["mysql2"]);
  });
  afterEach(async () => {
    removePlace(place);
    await sink.stop();
  });

  test.each(MODULE_SYSTEMS)(
    "queries have spans without data, under who asked: %s",
    async (kind) => {
      const ending = await run(
        place,
        kind,
        { mysql2: "mysql", "mysql2/promise": "promised", "%sdk%": "{ span, activeSpan }" },
        `const options = { host: "127.0.0.1", port: ${database.port}, user: "root", database: "mysql", connectionLimit: 1 };
       const pool = mysql.createPool(options);
       const seen = [];
       const callback = (name, ask) => span(name, (own) => new Promise((resolve) => {
         ask((error, rows) => { seen.push(activeSpan() === own, error?.code ?? rows.length); resolve(); });
       }));
       await Promise.all([
         callback("one", (back) => pool.query("SELECT 1 AS a FROM user WHERE 'secret' = ? OR 1 = ?", ["hidden", 7], back)),
         callback("two", (back) => pool.execute("SELECT ? AS b FROM user LIMIT 1", ["hidden"], back)),
         callback("three", (back) => pool.query({ sql: "SELECT nothing FROM nowhere" }, back)),
       ]);
       await span("four", (own) => new Promise((resolve) => {
         const query = pool.query("SELECT 4 AS four");
         query.on("result", (row) => seen.push(row.four, activeSpan() === own));
         query.on("end", resolve);
       }));
       pool.end();
       const connections = promised.createPool(options);
       await span("five", async () => { const [rows] = await connections.execute("SELECT 5 AS five"); seen.push(rows[0].five); });
       const connection = await connections.getConnection();
       await span("six", () => connection.query("SELECT x FROM missing.place").catch((error) => seen.push(error.errno)));
       const statement = await connection.prepare("SELECT ? AS seven FROM db WHERE 'secret' = 'secret'");
       await span("seven", () => statement.execute(["hidden"]));
       await statement.close();
       connection.release();
       await connections.end();
       console.log(JSON.stringify(seen));`,
      );
      expect(ending.stderr).toBe("");
      const seen = JSON.parse(ending.stdout) as unknown[];
      const rows = expect.any(Number) as number;
      expect(seen).toEqual([true, rows, true, 1, true, "ER_NO_SUCH_TABLE", 4, true, 5, 1146]);
      const six = await sink.span("six");
      const queriesOf = (name: string) => {
        const parent = sink.spans.find((span) => span.name === name);
        return sink.spans.filter((span) => span.parentSpanId === parent?.spanId && span.kind === 3);
      };
      expect(queriesOf("one").map(({ name, attributes }) => ({ name, attributes }))).toMatchObject([
        {
          name: "SELECT user",
          attributes: {
            "db.system.name": "mysql",
            "db.namespace": "mysql",
            "db.operation.name": "SELECT",
            "db.collection.name": "user",
            "db.query.text": "SELECT ? AS a FROM user WHERE ? = ? OR ? = ?",
            "server.address": "127.0.0.1",
            "server.port": database.port,
          },
        },
      ]);
      await sink.span("seven");
      expect(queriesOf("seven")[0]?.name).toBe("SELECT db");
      for (const name of ["two", "three", "four", "five", "six", "seven"]) {
        expect([name, queriesOf(name).length]).toEqual([name, 1]);
      }
      const failed = sink.spans.find(({ parentSpanId }) => parentSpanId === six.spanId);
      expect(failed?.name).toBe("SELECT missing.place");
      expect(failed?.attributes).toMatchObject({
        "db.response.status_code": "1146",
        "error.type": "1146",
      });
      const waits = sink.spans.filter(({ name }) => name === "wait for a connection");
      const first = sink.spans.find(({ name }) => name === "one");
      expect(waits.map(({ parentSpanId }) => parentSpanId)).toContain(first?.spanId);
      expect(JSON.stringify(sink.spans)).not.toMatch(/secret|hidden/);
    },
  );
});
