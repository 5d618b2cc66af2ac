// The inventory: one lock per book while it is being reserved. In 5 % of the reservations the
// holder recounts the shelf, and everybody who wants the same book waits behind it.
import { activeSpan, span } from "@clew/sdk";
import { job } from "@clew/sdk/messaging";
import { chance, work } from "../parts/chance.ts";
import { Database } from "../parts/database.ts";
import { HttpProblem } from "../parts/http-server.ts";
import { portOf } from "../parts/lifecycle.ts";
import { log } from "../parts/log.ts";
import { runService } from "../parts/service.ts";

const RESTOCK_EVERY_MS = 20_000;
const locks = new Map<string, Promise<void>>();

/** Runs `body` when nobody else holds the lock of this book. */
async function withLock<T>(isbn: string, body: () => Promise<T>): Promise<T> {
  const before = locks.get(isbn) ?? Promise.resolve();
  const released = Promise.withResolvers<void>();
  locks.set(isbn, released.promise);
  const attributes = { "app.book.isbn": isbn };
  await span("wait for stock lock", attributes, () => before);
  try {
    return await body();
  } finally {
    released.resolve();
    if (locks.get(isbn) === released.promise) locks.delete(isbn);
  }
}

await runService(async (ports) => {
  const database = new Database(portOf(ports, "database"));

  const reserve = (orderId: string, isbn: string, quantity: number): Promise<void> =>
    withLock(isbn, async () => {
      if (chance(0.05)) {
        log.warn("stock count is in doubt, recounting the shelf", { "app.book.isbn": isbn });
        await span("recount shelf", () => work(300, 900));
      }
      await database.transaction(async (query) => {
        const taken = await query({
          text: `UPDATE stock SET available = available - $2
            WHERE isbn = $1 AND available >= $2 RETURNING available`,
          values: [isbn, quantity],
        });
        if (taken.length === 0) throw new HttpProblem(409, `${isbn} is out of stock`);
        await query({
          text: "INSERT INTO reservations VALUES ($1, $2, $3)",
          values: [orderId, isbn, quantity],
        });
      });
    });

  const release = async (orderId: string): Promise<void> => {
    await database.query({
      text: `WITH gone AS (DELETE FROM reservations WHERE order_id = $1 RETURNING isbn, quantity)
        UPDATE stock SET available = available + gone.quantity FROM gone
        WHERE stock.isbn = gone.isbn`,
      values: [orderId],
    });
  };

  // Each run is a trace of its own.
  const restock = job(
    "restock",
    async () => {
      const filled = await database.query({
        text: "UPDATE stock SET available = 60 WHERE available < 15 RETURNING isbn",
      });
      activeSpan()?.set({ "app.restocked": filled.length });
      if (filled.length > 0) log.info(`restocked ${filled.length} books`);
    },
    { schedule: `every ${RESTOCK_EVERY_MS} ms` },
  );
  const run = (): void => {
    restock().catch((error: unknown) => log.error("restock failed", error));
  };
  const restocking = setInterval(run, RESTOCK_EVERY_MS);
  run();

  return {
    close: async () => {
      clearInterval(restocking);
      await database.close();
    },
    routes: {
      "GET /stock/:isbn": async ({ params }) => {
        const [row] = await database.query<{ available: number }>({
          text: "SELECT available FROM stock WHERE isbn = $1",
          values: [params["isbn"]],
        });
        return { body: { available: row?.available ?? 0 } };
      },
      "POST /reservations": async ({ body }) => {
        const { orderId, lines } = body as {
          orderId: string;
          lines: { isbn: string; quantity: number }[];
        };
        try {
          for (const { isbn, quantity } of lines) await reserve(orderId, isbn, quantity);
        } catch (error) {
          await release(orderId);
          throw error;
        }
        return { status: 201, body: {} };
      },
      "DELETE /reservations/:orderId": async ({ params }) => {
        await release(params["orderId"] ?? "");
        return { body: {} };
      },
    },
  };
});
