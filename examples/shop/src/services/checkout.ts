// Checkout: cart -> reservation -> charge (over gRPC) -> order in the database, with work for invoicing -> message to
// the warehouse.
// When the charge fails, the reservation is given back: the compensation is in the trace too.
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { Database } from "../parts/database.ts";
import { type Caller, createCaller } from "../parts/http-client.ts";
import { HttpProblem } from "../parts/http-server.ts";
import { portOf } from "../parts/lifecycle.ts";
import { log } from "../parts/log.ts";
import { connectPayment, type PaymentCaller } from "../parts/payment-api.ts";
import { Queue } from "../parts/queue.ts";
import { runService } from "../parts/service.ts";
import { putWork } from "../parts/work-queue.ts";

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

async function release(call: Caller, orderId: string): Promise<void> {
  const template = "/reservations/{orderId}";
  await call({ peer: "inventory", method: "DELETE", template, params: { orderId } });
}

async function charge(
  call: Caller,
  payment: PaymentCaller,
  { id: orderId, totalCents: amountCents }: Order,
  scheme: string,
): Promise<void> {
  try {
    const { approved, declineReason } = await payment.charge({ orderId, amountCents, scheme });
    if (!approved) throw new HttpProblem(402, `card declined: ${declineReason}`);
  } catch (error) {
    await release(call, orderId);
    if (error instanceof HttpProblem) throw error;
    const isLate = (error as { code?: number }).code === status.DEADLINE_EXCEEDED;
    throw new HttpProblem(isLate ? 504 : 502, (error as Error).message, error);
  }
}

async function store(database: Database, order: Order): Promise<void> {
  await database.transaction(async (query) => {
    await query({
      text: "INSERT INTO orders (id, customer, total_cents, state) VALUES ($1, $2, $3, 'paid')",
      values: [order.id, order.customer, order.totalCents],
    });
    for (const { isbn, quantity } of order.lines) {
      await query({
        text: "INSERT INTO order_lines VALUES ($1, $2, $3)",
        values: [order.id, isbn, quantity],
      });
    }
    // In the same transaction: there is no order without an invoice to be written.
    await putWork(query, "invoices", { id: order.id, totalCents: order.totalCents });
  });
}

await runService(async (ports) => {
  const call = createCaller(ports);
  const database = new Database(portOf(ports, "database"));
  const payment = connectPayment(portOf(ports, "payment"));
  const queue = await Queue.connect(portOf(ports, "broker"), "checkout");
  return {
    close: async () => {
      payment.close();
      await queue.close();
      await database.close();
    },
    routes: {
      "POST /orders": async ({ body, note }) => {
        const { cartId, customer, scheme } = body as Record<
          "cartId" | "customer" | "scheme",
          string
        >;
        const lines = await cartLines(call, cartId);
        const totalCents = lines.reduce((sum, l) => sum + l.quantity * l.priceCents, 0);
        const order: Order = { id: `order-${randomUUID()}`, customer, lines, totalCents };
        note({ "app.order.id": order.id, "app.order.total_cents": totalCents });
        await reserve(call, order);
        await charge(call, payment, order, scheme);
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
      "GET /orders/:id": async ({ params }) => {
        const [order] = await database.query({
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
