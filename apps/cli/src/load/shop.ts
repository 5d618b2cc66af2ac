// What the invented company does, first half: people browse books, fill baskets and sign in.
// Second half in delivery.ts. Only names and numbers here; how spans look is in operation.ts.

import { double, flag, int, oneOf } from "./attribute-spec.ts";
import {
  call,
  type Endpoint,
  edgeServer,
  fails,
  httpClient,
  httpServer,
  internal,
  mongo,
  type Operation,
  redis,
  rpcClient,
  rpcServer,
  type Shape,
  sql,
} from "./operation.ts";
import type { Service } from "./service.ts";

function service(
  name: string,
  language: Service["language"],
  instances: number,
  port: number,
): Service {
  const versions = instances > 5 ? ["4.18.2", "4.18.2", "4.19.0"] : ["2.7.1"];
  return { name, language, instances, versions, port };
}

/** Where browsers and apps arrive. */
export const edgeGateway: Service = service("edge-gateway", "go", 5, 443);
/** Assembles pages from the services behind it. */
export const webBff: Service = service("web-bff", "nodejs", 8, 8080);
/** Books and shelves. */
export const catalogue: Service = service("catalogue", "java", 6, 9090);
/** Full-text search over the document store. */
export const search: Service = service("search", "python", 5, 8000);
/** Baskets of signed-in and anonymous users. */
export const basket: Service = service("basket", "nodejs", 5, 8081);
/** Prices and discounts. */
export const pricing: Service = service("pricing", "go", 4, 9091);
/** Sessions and sign-in. */
export const accounts: Service = service("accounts", "java", 4, 9092);
/** What lies in which depot. */
export const stock: Service = service("stock", "go", 4, 9093);

const timeout = "context deadline exceeded while waiting for connection {d4}";

const cachedBook = redis(catalogue, "GET", "book:{isbn}", { ms: 0.35, event: "cache.miss" });
const shelfBook = redis(catalogue, "GET", "book:{isbn}", { ms: 0.35, changesBook: true });
const storeBook = redis(catalogue, "SETEX", "book:{isbn}", { ms: 0.4 });
const bookRow = sql(
  catalogue,
  "books",
  "SELECT b.id, b.isbn, b.title, b.blurb, b.shelf_id FROM books b WHERE b.isbn = $1",
  {
    ms: 1.4,
    failure: fails(
      0.004,
      "org.postgresql.util.PSQLException",
      "canceling statement due to timeout {d6}",
    ),
  },
);
const editions = sql(
  catalogue,
  "editions",
  "SELECT * FROM editions WHERE book_id = $1 ORDER BY year DESC",
  {
    ms: 1.1,
  },
);
const shelfRows = sql(
  catalogue,
  "shelves",
  "SELECT s.id, s.name, count(*) FROM shelves s JOIN shelf_books sb ON sb.shelf_id = s.id WHERE s.region = $1 GROUP BY 1, 2 LIMIT 40",
  { ms: 4.2, spread: 2 },
);
const renderBlurb = internal(catalogue, "renderBlurb", {
  ms: 0.9,
  attributes: { "app.isbn": "{isbn}" },
});

/** One book, from cache or database. */
export const getBook: Operation = rpcServer(catalogue, "quaybooks.catalogue.v1.Catalogue/GetBook", {
  ms: 0.7,
  calls: [
    call(cachedBook, { tolerated: true }),
    call(bookRow, { probability: 0.4 }),
    call(editions, { probability: 0.35 }),
    call(storeBook, { probability: 0.3, tolerated: true }),
    call(renderBlurb, { probability: 0.25 }),
  ],
  failure: fails(
    0.006,
    "com.quaybooks.catalogue.BookNotReadyException",
    "edition {d8} of {isbn} is locked",
  ),
});
const listShelf = rpcServer(catalogue, "quaybooks.catalogue.v1.Catalogue/ListShelf", {
  ms: 1.2,
  calls: [
    call(shelfRows),
    call(shelfBook, { times: [1, 12], tolerated: true }),
    call(bookRow, { probability: 0.3 }),
  ],
});

const priceKey = redis(pricing, "MGET", "price:{isbn} rule:{h8}", { ms: 0.3 });
const applyRules = internal(pricing, "applyRules", {
  ms: 0.6,
  attributes: { "app.discount": double(0, 0.6), "app.rules": ["loyalty", "season-{d2}"] },
});
const priceRows = sql(
  pricing,
  "price_rules",
  "SELECT id, kind, amount FROM price_rules WHERE isbn = ANY($1)",
  {
    ms: 2.1,
  },
);
/** Price of a book for a user. */
export const quote: Operation = rpcServer(pricing, "quaybooks.pricing.v2.Pricing/Quote", {
  ms: 0.4,
  calls: [call(priceKey), call(priceRows, { probability: 0.3 }), call(applyRules)],
  failure: fails(0.004, "*errors.errorString", timeout),
});

const sessionKey = redis(accounts, "GET", "session:{session}", { ms: 0.3 });
const accountRow = sql(
  accounts,
  "accounts",
  "SELECT id, tier, locale, flags FROM accounts WHERE id = $1",
  {
    ms: 1.2,
  },
);
/** Who is asking. */
export const checkSession: Operation = rpcServer(accounts, "quaybooks.accounts.v1.Sessions/Check", {
  ms: 0.5,
  calls: [call(sessionKey), call(accountRow, { probability: 0.2 })],
});
const hashPassword = internal(accounts, "verifyPassword", { ms: 48, spread: 0 });
const insertSession = redis(accounts, "SET", "session:{session}", { ms: 0.4 });
const signIn = rpcServer(accounts, "quaybooks.accounts.v1.Sessions/SignIn", {
  ms: 0.9,
  calls: [call(accountRow), call(hashPassword), call(insertSession)],
  failure: fails(0.02, "com.quaybooks.accounts.RejectedException", "sign-in refused for u-{user}"),
});

const stockRow = sql(
  stock,
  "stock_levels",
  "SELECT depot, on_hand, reserved FROM stock_levels WHERE isbn = $1",
  { ms: 1.3 },
);
const reserveRow = sql(
  stock,
  "reservations",
  "INSERT INTO reservations (order_id, isbn, depot, quantity) VALUES ($1, $2, $3, $4)",
  { ms: 2.6, failure: fails(0.016, "*pgconn.PgError", "could not serialize access, attempt {d2}") },
);
const stockKey = redis(stock, "HGETALL", "stock:{isbn}", { ms: 0.3 });
const getStock = rpcServer(stock, "quaybooks.stock.v1.Stock/Get", {
  ms: 0.4,
  calls: [call(stockKey), call(stockRow, { probability: 0.35 })],
});
/** Takes copies out of the stock. */
export const reserve: Operation = rpcServer(stock, "quaybooks.stock.v1.Stock/Reserve", {
  ms: 0.8,
  calls: [call(stockRow), call(reserveRow, { retried: true })],
  failure: fails(0.012, "*stock.ShortageError", "depot {depot} holds too few of {isbn}"),
});

const basketDocument = mongo(basket, "find", "baskets", { ms: 1.6 });
const basketUpdate = mongo(basket, "update", "baskets", { ms: 2.2 });
const basketKey = redis(basket, "GET", "basket:{basket}", { ms: 0.4 });
const toBasket: Endpoint = {
  method: "GET",
  route: "/v1/baskets/{id}",
  path: "/v1/baskets/{basket}",
  status: 200,
};
const putBasket: Endpoint = { ...toBasket, method: "PUT", status: 204 };
/** Reads a basket. */
export const getBasket: Operation = httpServer(basket, toBasket, {
  ms: 1.1,
  attributes: { "app.cart.items": int(0, 60) },
  calls: [call(basketKey, { tolerated: true }), call(basketDocument, { probability: 0.5 })],
});
const changeBasket = httpServer(basket, putBasket, {
  ms: 1.6,
  attributes: { "app.cart.items": int(1, 60) },
  calls: [
    call(basketDocument),
    call(rpcClient(basket, quote), { times: [1, 4], parallel: true }),
    call(basketUpdate),
  ],
  failure: fails(0.008, "MongoServerError", "WriteConflict on basket {basket}, code {d3}"),
});
/** The BFF's client side of reading a basket. */
export const fromBffBasket: Operation = httpClient(webBff, getBasket, toBasket);

const shardQuery = mongo(search, "aggregate", "book_index", { ms: 6, spread: 2 });
const rank = internal(search, "rank_results", { ms: 5, attributes: { "app.hits": int(0, 4000) } });
const toSearch: Endpoint = { method: "GET", route: "/query", path: "/query", status: 200 };
const findBooks = httpServer(search, toSearch, {
  ms: 2.4,
  attributes: {
    "url.query": oneOf(
      "q=lighthouse+keeper",
      "q=tidal+maps&page={d2}",
      "q=the+glass+harbour",
      "q=isbn:{isbn}",
    ),
  },
  calls: [call(shardQuery, { times: [2, 6], parallel: true }), call(rank)],
  failure: fails(0.016, "asyncio.TimeoutError", "shard {d2} did not answer in 800 ms"),
});

const render = internal(webBff, "renderPage", {
  ms: 6,
  event: "first-chunk",
  attributes: { "app.feature.flag": flag(0.6) },
});
const session = call(rpcClient(webBff, checkSession));
const basketBadge = call(fromBffBasket, { probability: 0.6, tolerated: true });

/** A page: the edge gateway's span over the BFF's, which makes `calls` and renders. */
function page(method: string, route: string, path: string, shape: Shape, status = 200): Operation {
  const at: Endpoint = { method, route, path, status };
  const bff = httpServer(webBff, at, {
    ...shape,
    attributes: { "app.user.id": "u-{user}" },
    calls: [
      session,
      ...(shape.calls ?? []),
      call(render, { probability: method === "GET" ? 0.9 : 0.2 }),
    ],
  });
  const client = httpClient(edgeGateway, bff, at);
  return edgeServer(edgeGateway, "www.quaybooks.example", at, { ms: 0.6, calls: [call(client)] });
}

const book = call(rpcClient(webBff, getBook));
const price = call(rpcClient(webBff, quote), { tolerated: true });
const level = call(rpcClient(webBff, getStock), { tolerated: true });

/** Browsing, by falling share. */
export const browsing: readonly (readonly [Operation, number])[] = [
  [
    page("GET", "/books/{id}", "/books/{isbn}", {
      ms: 2.2,
      calls: [book, price, level, basketBadge],
    }),
    30,
  ],
  [
    page("GET", "/", "/", {
      ms: 2.4,
      calls: [call(rpcClient(webBff, listShelf), { times: [1, 3], parallel: true }), basketBadge],
    }),
    16,
  ],
  [
    page("GET", "/search", "/search", {
      ms: 2,
      calls: [
        call(httpClient(webBff, findBooks, toSearch)),
        { ...price, times: [1, 4], parallel: true },
      ],
    }),
    13,
  ],
  [page("GET", "/basket", "/basket", { ms: 1.8, calls: [call(fromBffBasket), price] }), 7],
  [
    page(
      "POST",
      "/basket/items",
      "/basket/items",
      { ms: 1.5, calls: [book, level, call(httpClient(webBff, changeBasket, putBasket))] },
      201,
    ),
    6,
  ],
  [
    page(
      "POST",
      "/sign-in",
      "/sign-in",
      { ms: 1.4, calls: [call(rpcClient(webBff, signIn))] },
      303,
    ),
    4,
  ],
  [page("GET", "/covers/{id}", "/covers/{isbn}/large-{h8}.avif", { ms: 1.1, calls: [] }), 5],
];

/** The page function, for the checkout in delivery.ts. */
export const shopPage: typeof page = page;
