// Invoicing: takes its work from a queue in the database, where checkout has put it together with the order.
import { span } from "@clew/sdk";
import { work } from "../parts/chance.ts";
import { Database } from "../parts/database.ts";
import { portOf } from "../parts/lifecycle.ts";
import { log } from "../parts/log.ts";
import { runService } from "../parts/service.ts";
import { takeWork } from "../parts/work-queue.ts";

await runService(async (ports) => {
  const database = new Database(portOf(ports, "database"));
  const stop = takeWork(database, "invoices", async (payload) => {
    const { id, totalCents } = payload as { id: string; totalCents: number };
    const attributes = { "app.order.id": id, "app.order.total_cents": totalCents };
    await span("typeset invoice", attributes, () => work(10, 60));
    await database.query({
      text: "INSERT INTO invoices (order_id, total_cents) VALUES ($1, $2) ON CONFLICT DO NOTHING",
      values: [id, totalCents],
    });
    log.info("invoice written", attributes);
  });
  return {
    close: async () => {
      await stop();
      await database.close();
    },
    routes: {},
  };
});
