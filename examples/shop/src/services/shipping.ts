// The shipping worker: takes placed orders from the queue, packs them, prints a label on a
// printer that jams now and then, and tells the rest of the shop what was dispatched.
import { randomUUID } from "node:crypto";
import { span } from "@clew/sdk";
import { chance, pick, work } from "../parts/chance.ts";
import { Database } from "../parts/database.ts";
import { portOf } from "../parts/lifecycle.ts";
import { log } from "../parts/log.ts";
import { Queue } from "../parts/queue.ts";
import { runService } from "../parts/service.ts";

class PrinterJammed extends Error {
  constructor() {
    super("the label printer jammed");
    this.name = "PrinterJammed";
  }
}

async function printLabel(): Promise<string> {
  return span("print label", async () => {
    await work(10, 60);
    if (chance(0.08)) throw new PrinterJammed();
    return `LF${randomUUID().slice(0, 8).toUpperCase()}`;
  });
}

async function printLabelTwice(orderId: string): Promise<string> {
  try {
    return await printLabel();
  } catch (error) {
    if (!(error instanceof PrinterJammed)) throw error;
    log.warn("label printer jammed, trying once more", { "app.order.id": orderId });
    return printLabel();
  }
}

await runService(async (ports) => {
  const database = new Database(portOf(ports, "database"));
  const queue = await Queue.connect(portOf(ports, "broker"), "shipping");
  await queue.consume("orders/placed", async (payload) => {
    const { id } = payload as { id: string };
    const carrier = pick(["gullpost", "snailrail", "windvan"]);
    const attributes = { "app.order.id": id, "app.shipping.carrier": carrier };
    await span("pick and pack", attributes, () => work(40, 400));
    const label = await printLabelTwice(id);
    await database.transaction(async (query) => {
      await query({
        text: "INSERT INTO shipments VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        values: [id, carrier, label],
      });
      await query({
        text: "UPDATE orders SET state = 'dispatched' WHERE id = $1",
        values: [id],
      });
    });
    await queue.publish("shipments/dispatched", label, { id, carrier, label });
    log.info("order dispatched", attributes);
  });
  return {
    close: async () => {
      await queue.close();
      await database.close();
    },
    routes: {},
  };
});
