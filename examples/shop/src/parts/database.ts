// PostgreSQL through node-postgres; every statement is a CLIENT span with the attribute names of
// the stable database semantic conventions. Statements are parametrised, so their text is safe
// to record; the parameters are not recorded.
import { SpanKind } from "@opentelemetry/api";
import pg from "pg";
import { inSpan } from "./span.ts";

/** A statement with a summary such as "SELECT books": operation and table. */
export interface Statement {
  summary: `${string} ${string}`;
  text: string;
  values?: unknown[];
}

/** Runs a statement and gives its rows; `Row` says what the statement selects. */
export type Query = <Row extends pg.QueryResultRow>(statement: Statement) => Promise<Row[]>;

const NAMESPACE = "shop";
const POOL_SIZE = 4;

/** A database failure whose `errorType` is the SQLSTATE where the server gave one. */
class StatementFailed extends Error {
  readonly errorType: string;

  constructor(cause: Error & { code?: string }) {
    super(cause.message, { cause });
    this.name = "StatementFailed";
    this.errorType = cause.code ?? cause.name;
  }
}

/** A pool of connections to the shop's database. */
export class Database {
  readonly #pool: pg.Pool;
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
    this.#pool = new pg.Pool({
      host: "127.0.0.1",
      port,
      user: "postgres",
      database: "postgres",
      max: POOL_SIZE,
    });
    // The pool replaces an idle connection that broke; without a listener Node would exit.
    this.#pool.on("error", () => {});
  }

  /** Runs one statement on any connection. */
  query: Query = (statement) => this.#run(this.#pool, statement);

  /** Runs `body` between BEGIN and COMMIT; rolls back when it throws. */
  async transaction<T>(body: (query: Query) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      const query: Query = (statement) => this.#run(client, statement);
      await client.query("BEGIN");
      const result = await body(query);
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

  async #run<Row extends pg.QueryResultRow>(
    on: pg.Pool | pg.PoolClient,
    { summary, text, values }: Statement,
  ): Promise<Row[]> {
    const [operation = "", collection = ""] = summary.split(" ");
    const attributes = {
      "db.system.name": "postgresql",
      "db.namespace": NAMESPACE,
      "db.operation.name": operation,
      "db.collection.name": collection,
      "db.query.summary": summary,
      "db.query.text": text,
      "server.address": "database",
      "server.port": this.#port,
    };
    return inSpan({ name: summary, kind: SpanKind.CLIENT, attributes }, async (span) => {
      try {
        const result = await on.query<Row>(text, values ?? []);
        span.setAttribute("db.response.returned_rows", result.rows.length);
        return result.rows;
      } catch (error) {
        throw error instanceof Error ? new StatementFailed(error) : error;
      }
    });
  }
}
