// Real node-postgres clients against the real engine.
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresServer } from "./postgres-wire.ts";

describe("the PostgreSQL front of the embedded engine", () => {
  let engine: PGlite;
  let server: Server;
  let pools: pg.Pool[];

  beforeAll(async () => {
    engine = await PGlite.create();
    server = createPostgresServer(engine);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const options = { host: "127.0.0.1", port, user: "postgres", database: "postgres", max: 3 };
    pools = [new pg.Pool(options), new pg.Pool(options)];
    await pools[0]?.query("CREATE TABLE notes (n int, word text)");
  }, 30_000);

  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.end()));
    server.close();
    await once(server, "close");
    await engine.close();
  });

  it("keeps the parametrised statements of many connections apart", async () => {
    const asked = Array.from({ length: 120 }, (_, n) => n);
    const answers = await Promise.all(
      asked.map(async (n) => {
        const pool = pools[n % 2] as pg.Pool;
        const { rows } = await pool.query("SELECT $1::int AS n, $2::text AS word", [n, `w${n}`]);
        return rows[0] as { n: number; word: string };
      }),
    );
    expect(answers).toEqual(asked.map((n) => ({ n, word: `w${n}` })));
  });

  it("keeps a transaction to its own connection", async () => {
    const [first, second] = pools as [pg.Pool, pg.Pool];
    const inside = await first.connect();
    const outside = await second.connect();
    await inside.query("BEGIN");
    await inside.query("INSERT INTO notes VALUES ($1, $2)", [1, "inside"]);
    let answered = false;
    const count = outside.query("SELECT count(*)::int AS n FROM notes").then(({ rows }) => {
      answered = true;
      return rows;
    });
    // Many round trips: the other connection's question has long arrived when they are over.
    for (let n = 0; n < 50; n += 1) await inside.query("SELECT $1::int", [n]);
    expect(answered).toBe(false);
    await inside.query("ROLLBACK");
    expect(await count).toEqual([{ n: 0 }]);
    inside.release();
    outside.release();
  });

  it("answers an error and goes on", async () => {
    const [pool] = pools as [pg.Pool];
    await expect(pool.query("SELECT $1::int FROM nowhere", [1])).rejects.toMatchObject({
      code: "42P01",
    });
    expect((await pool.query("SELECT $1::int AS n", [7])).rows).toEqual([{ n: 7 }]);
  });

  it("rolls back what a vanished client left open, and frees the engine", async () => {
    const [first, second] = pools as [pg.Pool, pg.Pool];
    const client = await first.connect();
    await client.query("BEGIN");
    await client.query("INSERT INTO notes VALUES ($1, $2)", [2, "lost"]);
    client.release(true);
    const { rows } = await second.query("SELECT count(*)::int AS n FROM notes");
    expect(rows).toEqual([{ n: 0 }]);
  });
});
