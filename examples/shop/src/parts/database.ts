// PostgreSQL through node-postgres, which the tracer knows: nothing here is about traces.
import { Socket } from "node:net";
import pg from "pg";

/** A statement with its parameters. */
export interface Statement {
  text: string;
  values?: unknown[];
}

/** Runs a statement and gives its rows; `Row` says what the statement selects. */
export type Query = <Row extends pg.QueryResultRow>(statement: Statement) => Promise<Row[]>;

const POOL_SIZE = 4;

/** There is no name server here: the name `database` leads to this machine. */
function localSocket(): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket) as (port: number, host: string) => Socket;
  return Object.assign(socket, { connect: (port: number) => connect(port, "127.0.0.1") });
}

async function run<Row extends pg.QueryResultRow>(
  on: pg.Pool | pg.PoolClient,
  { text, values = [] }: Statement,
): Promise<Row[]> {
  return (await on.query<Row>(text, values)).rows;
}

/** A pool of connections to the shop's database. */
export class Database {
  readonly #pool: pg.Pool;

  constructor(port: number) {
    this.#pool = new pg.Pool({
      host: "database",
      port,
      user: "postgres",
      database: "shop",
      max: POOL_SIZE,
      stream: localSocket,
    });
    // The pool replaces an idle connection that broke; without a listener Node would exit.
    this.#pool.on("error", () => {});
  }

  /** Runs one statement on any connection. */
  query: Query = (statement) => run(this.#pool, statement);

  /** Runs `body` between BEGIN and COMMIT; rolls back when it throws. */
  async transaction<T>(body: (query: Query) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      await client.query("BEGIN");
      const result = await body((statement) => run(client, statement));
      await client.query("COMMIT");
      client.release();
      return result;
    } catch (error) {
      await client.query("ROLLBACK").then(
        () => client.release(),
        () => client.release(true),
      );
      throw error;
    }
  }

  /** Waits for running statements and closes all connections. */
  async close(): Promise<void> {
    await this.#pool.end();
  }
}
