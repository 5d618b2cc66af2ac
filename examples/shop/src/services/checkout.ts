// Checkout: cart -> reservation -> charge -> order in the database -> message to the warehouse.
// When the charge fails, the reservation is given back: the compensation is in the trace too.
import { randomUUID } from "node:crypto";
import { Database } from "../parts/database.ts";
import { type Caller, createCaller } from "../parts/http-client.ts";
import { HttpProblem } from "../parts/http-server.ts";
import { portOf } from "../parts/lifecycle.ts";
import { log } from "../parts/log.ts";
import { Queue } from "../parts/queue.ts";
import { runService } from "../parts/service.ts";

interface Line {
  isbn: string;
  quantity: number;
  priceCents: number;
}

interface Order {
  id: string;
  customer: string;
  lines: Line[];
  totalCents: number;
}

async function cartLines(call: Caller, cartId: string): Promise<Line[]> {
  const cart = await call({
    peer: "cart",
    method: "GET",
    template: "/carts/{id}",
    params: { id: cartId },
    attempts: 2,
  });
  const { lines } = cart.body as { lines: Line[] };
  if (lines.length === 0) throw new HttpProblem(409, "the cart is empty");
  return lines;
}

async function reserve(call: Caller, { id, lines }: Order): Promise<void> {
  const body = { orderId: id, lines };
  const reply = await call({ peer: "inventory", method: "POST", template: "/reservations", body });
  if (reply.status >= 400) {
    throw new HttpProblem(reply.status, (reply.body as { error: string }).error);
  }
}

async function charge(call: Caller, order: Order, scheme: string): Promise<void> {
  const body = { orderId: order.id, amountCents: order.totalCents, scheme };
  try {
    const reply = await call({ peer: "payment", method: "POST", template: "/charges", body });
    if (reply.status === 402) throw new HttpProblem(402, (reply.body as { error: string }).error);
  } catch (error) {
    await call({
      peer: "inventory",
      method: "DELETE",
      template: "/reservations/{orderId}",
      params: { orderId: order.id },
    });
    throw error;
  }
}

async function store(database: Database, order: Order): Promise<void> {
  await database.transaction(async (query) => {
    await query({
      summary: "INSERT orders",
      text: "INSERT INTO orders (id, customer, total_cents, state) VALUES ($1, $2, $3, 'paid')",
      values: [order.id, order.customer, order.totalCents],
    });
    for (const { isbn, quantity } of order.lines) {
      await query({
        summary: "INSERT order_lines",
        text: "INSERT INTO order_lines VALUES ($1, $2, $3)",
        values: [order.id, isbn, quantity],
      });
    }
  });
}

await runService("checkout", "4.1.0", async (ports) => {
  const call = createCaller(ports);
  const database = new Database(portOf(ports, "database"));
  const queue = await Queue.connect(portOf(ports, "broker"), "checkout");
  return {
    close: async () => {
      await queue.close();
      await database.close();
    },
    routes: {
      "POST /orders": async ({ body, span }) => {
        const { cartId, customer, scheme } = body as Record<
          "cartId" | "customer" | "scheme",
          string
        >;
        const lines = await cartLines(call, cartId);
        const totalCents = lines.reduce((sum, l) => sum + l.quantity * l.priceCents, 0);
        const order: Order = { id: `order-${randomUUID()}`, customer, lines, totalCents };
        span.setAttributes({ "app.order.id": order.id, "app.order.total_cents": totalCents });
        await reserve(call, order);
        await charge(call, order, scheme);
        await store(database, order);
        await queue.publish("orders/placed", order.id, order);
        await call({
          peer: "cart",
          method: "DELETE",
          template: "/carts/{id}",
          params: { id: cartId },
        });
        log.info("order placed", { "app.order.id": order.id, "app.order.total_cents": totalCents });
        return { status: 201, body: { orderId: order.id, totalCents } };
      },
      "GET /orders/{id}": async ({ params }) => {
        const [order] = await database.query({
          summary: "SELECT orders",
          text: `SELECT orders.*, shipments.carrier FROM orders
            LEFT JOIN shipments ON shipments.order_id = orders.id WHERE id = $1`,
          values: [params["id"]],
        });
        if (order === undefined) throw new HttpProblem(404, `no order ${params["id"]}`);
        return { body: order };
      },
    },
  };
});
