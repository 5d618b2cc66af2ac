// The storefront: the gateway that shoppers see. Pages ask several services at the same time;
// recommendations are optional, so a page without them is better than no page.
import { createCaller } from "../parts/http-client.ts";
import { HttpProblem, type ShopRequest } from "../parts/http-server.ts";
import { log } from "../parts/log.ts";
import { runService } from "../parts/service.ts";

const RECOMMENDATION_LIMIT_MS = 250;

/** Who is asking, from the headers that the shop's pages send; recorded on the request's span. */
function shopper(request: ShopRequest): { session: string; scheme: string } {
  const session = request.header("x-session") ?? "anonymous";
  const scheme = request.header("x-card-scheme") ?? "kite";
  request.note({
    "session.id": session,
    "app.customer.tier": request.header("x-tier") ?? "guest",
    "app.region": request.header("x-region") ?? "unknown",
  });
  return { session, scheme };
}

await runService(async (ports) => {
  const call = createCaller(ports);

  const get = async (peer: string, template: string, params: Record<string, string> = {}) => {
    const reply = await call({ peer, method: "GET", template, params, attempts: 2 });
    if (reply.status >= 400) {
      throw new HttpProblem(reply.status, (reply.body as { error: string }).error);
    }
    return reply.body;
  };

  const recommendations = async ({ note }: ShopRequest): Promise<unknown> => {
    try {
      const reply = await call({
        peer: "recommendations",
        method: "GET",
        template: "/recommendations",
        timeoutMs: RECOMMENDATION_LIMIT_MS,
        attempts: 2,
      });
      return reply.body;
    } catch (error) {
      if (!(error instanceof HttpProblem)) throw error;
      note({ "app.recommendations.degraded": true });
      log.warn("page shown without recommendations");
      return { books: [] };
    }
  };

  const passOn = ({ status, body }: { status: number; body: unknown }) => {
    if (status >= 400) throw new HttpProblem(status, (body as { error: string }).error);
    return { status, body };
  };

  return {
    routes: {
      "GET /": async (request) => {
        const { session } = shopper(request);
        const [books, cart, more] = await Promise.all([
          get("catalog", "/books"),
          get("cart", "/carts/{id}", { id: session }),
          recommendations(request),
        ]);
        return { body: { books, cart, more } };
      },
      "GET /shelves/:shelf": async (request) => {
        shopper(request);
        const shelf = request.params["shelf"] ?? "";
        const query = { shelf };
        const reply = await call({ peer: "catalog", method: "GET", template: "/books", query });
        return passOn(reply);
      },
      "GET /books/:isbn": async (request) => {
        shopper(request);
        const isbn = request.params["isbn"] ?? "";
        const [book, stock, more] = await Promise.all([
          get("catalog", "/books/{isbn}", { isbn }),
          get("inventory", "/stock/{isbn}", { isbn }),
          recommendations(request),
        ]);
        return { body: { book, stock, more } };
      },
      "GET /search": async (request) => {
        shopper(request);
        const query = {
          q: request.query.get("q") ?? "",
          sort: request.query.get("sort") ?? "title",
        };
        return passOn(await call({ peer: "catalog", method: "GET", template: "/search", query }));
      },
      "GET /cart": async (request) => {
        const { session } = shopper(request);
        return { body: await get("cart", "/carts/{id}", { id: session }) };
      },
      "POST /cart/items": async (request) => {
        const { session } = shopper(request);
        const reply = await call({
          peer: "cart",
          method: "POST",
          template: "/carts/{id}/items",
          params: { id: session },
          body: request.body,
        });
        return passOn(reply);
      },
      "POST /checkout": async (request) => {
        const { session, scheme } = shopper(request);
        const reply = await call({
          peer: "checkout",
          method: "POST",
          template: "/orders",
          body: { cartId: session, customer: session, scheme },
          timeoutMs: 6_000,
        });
        return passOn(reply);
      },
      "GET /orders/:id": async (request) => {
        shopper(request);
        return { body: await get("checkout", "/orders/{id}", { id: request.params["id"] ?? "" }) };
      },
    },
  };
});
