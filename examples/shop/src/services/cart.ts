// The cart: in memory, bounded; it asks the catalog for the price of what is put in.
import { createCaller } from "../parts/http-client.ts";
import { HttpProblem } from "../parts/http-server.ts";
import { log } from "../parts/log.ts";
import { runService } from "../parts/service.ts";

interface Line {
  isbn: string;
  quantity: number;
  priceCents: number;
}

const MAX_CARTS = 5_000;
const MAX_LINES = 20;

await runService(async (ports) => {
  const call = createCaller(ports);
  const carts = new Map<string, Line[]>();
  const keep = (id: string, lines: Line[]): void => {
    carts.set(id, lines);
    const oldest = carts.keys().next().value;
    if (carts.size > MAX_CARTS && oldest !== undefined) carts.delete(oldest);
  };
  return {
    routes: {
      "GET /carts/:id": async ({ params, note }) => {
        const lines = carts.get(params["id"] ?? "") ?? [];
        note({ "app.cart.lines": lines.length });
        return { body: { lines } };
      },
      "POST /carts/:id/items": async ({ params, body }) => {
        const { isbn } = body as { isbn: string };
        const found = await call({
          peer: "catalog",
          method: "GET",
          template: "/books/{isbn}",
          params: { isbn },
          attempts: 2,
        });
        if (found.status !== 200) throw new HttpProblem(404, `no book ${isbn}`);
        const { price_cents: priceCents } = found.body as { price_cents: number };
        const id = params["id"] ?? "";
        const lines = carts.get(id) ?? [];
        if (lines.length >= MAX_LINES) throw new HttpProblem(409, "the cart is full");
        const same = lines.find((line) => line.isbn === isbn);
        if (same === undefined) lines.push({ isbn, quantity: 1, priceCents });
        else same.quantity += 1;
        keep(id, lines);
        log.info("book put into cart", { "app.book.isbn": isbn, "app.cart.lines": lines.length });
        return { status: 201, body: { lines } };
      },
      "DELETE /carts/:id": async ({ params }) => {
        carts.delete(params["id"] ?? "");
        return { body: {} };
      },
    },
  };
});
