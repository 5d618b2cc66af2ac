// The mailer: confirms every order at once, as part of the order's trace; and tells customers
// about dispatched parcels in batches, each a trace of its own with links to all the orders.
import { span } from "@clew/sdk";
import { work } from "../parts/chance.ts";
import { portOf } from "../parts/lifecycle.ts";
import { log } from "../parts/log.ts";
import { Queue } from "../parts/queue.ts";
import { runService } from "../parts/service.ts";

const DIGEST_EVERY_MS = 2_000;

await runService(async (ports) => {
  const queue = await Queue.connect(portOf(ports, "broker"), "mailer");
  await queue.consume("orders/placed", async (payload) => {
    const { id } = payload as { id: string };
    const attributes = { "app.order.id": id, "app.mail.template": "order-confirmation" };
    await span("render letter", attributes, () => work(5, 40));
    log.info("order confirmation sent", attributes);
  });
  await queue.collect("shipments/dispatched", DIGEST_EVERY_MS, async (parcels) => {
    const attributes = { "app.mail.count": parcels.length, "app.mail.template": "dispatched" };
    const links = parcels.flatMap(({ link }) => link);
    await span("send dispatch notices", attributes, { parent: null, links }, async () => {
      await span("render letters", () => work(10, 80));
      log.info(`dispatch notices sent: ${parcels.length}`, attributes);
    });
  });
  return { close: () => queue.close(), routes: {} };
});
