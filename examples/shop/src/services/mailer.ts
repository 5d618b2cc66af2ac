// The mailer: confirms every order at once, as part of the order's trace; and tells customers
// about dispatched parcels in batches, each a trace of its own with links to all the orders.
import { work } from "../parts/chance.ts";
import { portOf } from "../parts/lifecycle.ts";
import { log } from "../parts/log.ts";
import { Queue } from "../parts/queue.ts";
import { runService } from "../parts/service.ts";
import { inSpan } from "../parts/span.ts";

const DIGEST_EVERY_MS = 2_000;

await runService("mailer", "2.0.5", async (ports) => {
  const queue = await Queue.connect(portOf(ports, "broker"), "mailer");
  await queue.consume("orders/placed", async (payload) => {
    const { id } = payload as { id: string };
    const attributes = { "app.order.id": id, "app.mail.template": "order-confirmation" };
    await inSpan({ name: "render letter", attributes }, () => work(5, 40));
    log.info("order confirmation sent", attributes);
  });
  await queue.consumeBatches("shipments/dispatched", DIGEST_EVERY_MS, async (parcels) => {
    const attributes = { "app.mail.count": parcels.length, "app.mail.template": "dispatched" };
    await inSpan({ name: "render letters", attributes }, () => work(10, 80));
    log.info(`dispatch notices sent: ${parcels.length}`, attributes);
  });
  return { close: () => queue.close(), routes: {} };
});
