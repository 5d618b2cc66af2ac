// What the invented company does, second half: orders, payment, parcels on the road, nightly jobs.

import { double, flag, int, oneOf } from "./attribute-spec.ts";
import {
  call,
  consume,
  type Endpoint,
  edgeServer,
  externalHttp,
  fails,
  httpClient,
  httpServer,
  internal,
  mongo,
  type Operation,
  publish,
  redis,
  rpcClient,
  rpcServer,
  sql,
} from "./operation.ts";
import type { Service } from "./service.ts";
import {
  accounts,
  basket,
  browsing,
  catalogue,
  edgeGateway,
  fromBffBasket,
  getBook,
  pricing,
  quote,
  reserve,
  search,
  shopPage,
  stock,
  webBff,
} from "./shop.ts";

const versions = ["1.31.0"];
const ordering: Service = {
  name: "ordering",
  language: "java",
  instances: 6,
  versions,
  port: 9094,
};
const paymentRelay: Service = {
  name: "payment-relay",
  language: "dotnet",
  instances: 3,
  versions,
  port: 8443,
};
const parcelGateway: Service = {
  name: "parcel-gateway",
  language: "go",
  instances: 4,
  versions,
  port: 443,
};
const dispatch: Service = {
  name: "dispatch",
  language: "java",
  instances: 5,
  versions,
  port: 9095,
};
const routing: Service = {
  name: "route-planner",
  language: "python",
  instances: 4,
  versions,
  port: 8000,
};
const tracking: Service = {
  name: "tracking",
  language: "nodejs",
  instances: 5,
  versions,
  port: 8082,
};
const notifier: Service = {
  name: "notifier",
  language: "python",
  instances: 3,
  versions,
  port: 8000,
};
const nightly: Service = {
  name: "catalogue-reindex",
  language: "java",
  instances: 3,
  versions,
  port: 9096,
};

/** Every service that sends spans. */
export const services: readonly Service[] = [
  edgeGateway,
  webBff,
  catalogue,
  search,
  basket,
  pricing,
  accounts,
  stock,
  ordering,
  paymentRelay,
  parcelGateway,
  dispatch,
  routing,
  tracking,
  notifier,
  nightly,
];

const letter: Endpoint = { method: "POST", route: "/v2/letters", path: "/v2/letters", status: 202 };
const sendLetter = externalHttp(notifier, "api.letterbird.example", letter, {
  ms: 85,
  spread: 2,
  failure: fails(0.02, "httpx.ReadTimeout", "letter for u-{user} not accepted in time"),
});
const template = mongo(notifier, "find", "templates", { ms: 1.5 });
const notify = consume(notifier, "parcel-events", {
  ms: 2,
  calls: [
    call(template),
    call(internal(notifier, "compose_letter", { ms: 4 })),
    call(sendLetter, { retried: true }),
  ],
});

const trackUpdate = mongo(tracking, "update", "journeys", { ms: 2.4, event: "retry-write" });
const trackFind = mongo(tracking, "find", "journeys", { ms: 1.9, spread: 2 });
const trackKey = redis(tracking, "GET", "journey:CP{parcel}", { ms: 0.4 });
const follow = consume(tracking, "parcel-events", {
  ms: 1.2,
  attributes: { "app.parcel.id": "CP{parcel}" },
  calls: [
    call(trackFind),
    call(trackUpdate),
    call(redis(tracking, "DEL", "journey:CP{parcel}", { ms: 0.4 })),
  ],
  failure: fails(0.008, "VersionConflictError", "journey CP{parcel} moved on, revision {d4}"),
});
const announce = publish(dispatch, "parcel-events", {
  ms: 2.2,
  attributes: { "app.parcel.id": "CP{parcel}" },
  calls: [call(follow, { delayUs: 9000 }), call(notify, { probability: 0.6, delayUs: 14_000 })],
});

const plan = rpcServer(routing, "quaybooks.delivery.v1.Routes/Plan", {
  ms: 3,
  calls: [
    call(redis(routing, "GEOSEARCH", "depots:{depot}", { ms: 0.8 })),
    call(
      internal(routing, "solve_tour", {
        ms: 32,
        spread: 2,
        attributes: { "app.stops": int(3, 120) },
      }),
    ),
    call(
      sql(
        routing,
        "roads",
        "SELECT edge, cost FROM roads WHERE tile && $1 AND open_at(now(), edge)",
        { ms: 9, spread: 2 },
      ),
      {
        times: [1, 4],
      },
    ),
  ],
  failure: fails(
    0.024,
    "quaybooks.routing.NoTourError",
    "no tour over depot {depot} within {d2} minutes",
  ),
});
const insertParcel = sql(
  dispatch,
  "parcels",
  "INSERT INTO parcels (id, order_id, depot, weight_g, state) VALUES ($1, $2, $3, $4, 'packed') RETURNING id",
  { ms: 2.8 },
);
const pack = consume(dispatch, "orders-paid", {
  ms: 3,
  attributes: { "app.order.id": "{order}" },
  calls: [call(insertParcel, { times: [1, 3] }), call(rpcClient(dispatch, plan)), call(announce)],
});

const paywharf: Endpoint = { method: "POST", route: "/charges", path: "/charges", status: 201 };
const charge = externalHttp(paymentRelay, "api.paywharf.example", paywharf, {
  ms: 210,
  spread: 2,
  attributes: { "app.payment.reference": "pw_{h16}" },
  failure: fails(
    0.024,
    "System.Net.Http.HttpRequestException",
    "The request was canceled after 3 s ({h8})",
  ),
});
const toPay: Endpoint = { method: "POST", route: "/pay", path: "/pay", status: 200 };
const pay = httpServer(paymentRelay, toPay, {
  ms: 4,
  attributes: {
    "app.payment.amount": double(4, 320),
    "app.payment.method": oneOf("card", "transfer", "voucher"),
  },
  calls: [
    call(
      sql(paymentRelay, "attempts", "INSERT INTO attempts (order_id, key) VALUES ($1, $2)", {
        ms: 2,
      }),
    ),
    call(charge, { retried: true }),
    call(
      sql(paymentRelay, "attempts", "UPDATE attempts SET state = $2 WHERE order_id = $1", {
        ms: 2,
      }),
    ),
  ],
});

const insertOrder = sql(
  ordering,
  "orders",
  "INSERT INTO orders (id, account, total, placed_at) VALUES ($1, $2, $3, now())",
  {
    ms: 3.2,
  },
);
const insertLine = sql(
  ordering,
  "order_lines",
  "INSERT INTO order_lines (order_id, isbn, quantity, price) VALUES ($1, $2, $3, $4)",
  {
    ms: 1.3,
  },
);
const validate = internal(ordering, "validateOrder", {
  ms: 1.8,
  attributes: { "app.order.id": "{order}", "app.cart.items": int(1, 60), "app.gift": flag(0.1) },
});
const placed = publish(ordering, "orders-paid", {
  ms: 2.4,
  attributes: { "app.order.id": "{order}" },
  calls: [call(pack, { delayUs: 12_000 })],
});
const place = rpcServer(ordering, "quaybooks.ordering.v1.Orders/Place", {
  ms: 2.2,
  attributes: { "app.order.id": "{order}" },
  calls: [
    call(validate),
    call(rpcClient(ordering, quote), { times: [1, 5], parallel: true }),
    call(rpcClient(ordering, reserve), { times: [1, 5], parallel: true }),
    call(insertOrder),
    call(insertLine, { times: [1, 6] }),
    call(httpClient(ordering, pay, toPay)),
    call(placed),
  ],
  failure: fails(
    0.012,
    "com.quaybooks.ordering.OrderClosedException",
    "order {order} was closed meanwhile",
  ),
});
const orderRows = sql(
  ordering,
  "orders",
  "SELECT o.*, l.isbn, l.quantity FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE o.account = $1 ORDER BY o.placed_at DESC LIMIT 50",
  { ms: 3.6, spread: 2 },
);
const listOrders = rpcServer(ordering, "quaybooks.ordering.v1.Orders/List", {
  ms: 1.1,
  calls: [call(orderRows)],
});

const toJourney: Endpoint = {
  method: "GET",
  route: "/journeys/{id}",
  path: "/journeys/CP{parcel}",
  status: 200,
};
const journey = httpServer(tracking, toJourney, {
  ms: 1.3,
  calls: [call(trackKey, { tolerated: true }), call(trackFind, { probability: 0.5 })],
});
const fromGateway = call(httpClient(parcelGateway, journey, toJourney));
const host = "parcels.quaybooks.example";
const toParcel: Endpoint = {
  method: "GET",
  route: "/parcels/{id}",
  path: "/parcels/CP{parcel}",
  status: 200,
};
const checkDevice = call(internal(parcelGateway, "check_device", { ms: 0.2, spread: 0 }));
const parcelPage = edgeServer(parcelGateway, host, toParcel, {
  ms: 0.8,
  calls: [checkDevice, fromGateway],
});

const scanStored = consume(tracking, "parcel-scans", {
  ms: 1,
  attributes: { "app.depot": "depot-{depot}", "app.parcel.id": "CP{parcel}" },
  calls: [call(trackUpdate)],
});
const scanned = publish(parcelGateway, "parcel-scans", {
  ms: 1.9,
  calls: [call(scanStored, { delayUs: 7000 })],
});
const toScans: Endpoint = { method: "POST", route: "/scans", path: "/scans", status: 202 };
const scan = edgeServer(parcelGateway, host, toScans, {
  ms: 0.9,
  attributes: { "app.depot": "depot-{depot}" },
  calls: [checkDevice, call(scanned, { times: [1, 9] })],
});
const settle = consume(dispatch, "parcel-scans", {
  ms: 6,
  links: 12,
  calls: [
    call(
      sql(dispatch, "parcels", "UPDATE parcels SET state = $2, seen_at = $3 WHERE id = $1", {
        ms: 1.4,
      }),
      {
        times: [3, 40],
      },
    ),
    call(announce, { probability: 0.3 }),
  ],
});

const readShelf = sql(
  nightly,
  "books",
  "SELECT id, isbn, title FROM books WHERE id > $1 ORDER BY id LIMIT 500",
  {
    ms: 14,
    spread: 2,
  },
);
const writeIndex = mongo(nightly, "bulkWrite", "book_index", {
  ms: 11,
  attributes: { "app.books": int(100, 500) },
});
const reindexPage = internal(nightly, "reindexPage", {
  ms: 2,
  attributes: { "app.shelf": "shelf-{d4}" },
  changesBook: true,
  calls: [
    call(readShelf),
    call(rpcClient(nightly, getBook), { times: [1, 6], parallel: true }),
    call(writeIndex),
  ],
  failure: fails(0.008, "java.util.concurrent.CompletionException", "page {d6} gave up"),
});
const reindex = internal(nightly, "reindexShelf", {
  ms: 20,
  calls: [call(reindexPage, { times: [4, 28], tolerated: true })],
});

/** The whole catalogue in one trace: runs until the trace holds as many spans as allowed. */
export const reindexAll: Operation = internal(nightly, "reindexCatalogue", {
  ms: 60,
  calls: [call(reindexPage, { times: [2000, 2000], parallel: true, tolerated: true })],
});

/** Every way in which a trace begins, with its weight. */
export const entries: readonly (readonly [Operation, number])[] = [
  ...browsing,
  [
    shopPage(
      "POST",
      "/checkout",
      "/checkout",
      { ms: 2.6, calls: [call(fromBffBasket), call(rpcClient(webBff, place))] },
      201,
    ),
    5,
  ],
  [
    shopPage("GET", "/orders", "/orders", {
      ms: 1.7,
      calls: [call(rpcClient(webBff, listOrders))],
    }),
    3,
  ],
  [parcelPage, 8],
  [scan, 5],
  [settle, 1.5],
  [reindex, 0.25],
];
