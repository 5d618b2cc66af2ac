// The shoppers: a handful of people who browse, buy, search, ask for their order or get lost,
// with time to think between two pages. They have no tracing, like real browsers without it, so
// every trace begins at the storefront. SHOP_RATE is the mean number of requests per second;
// the actual rate swings around it by 40 % in two minutes.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { pick } from "../parts/chance.ts";
import { announce, onStop, portOf, ready } from "../parts/lifecycle.ts";
import { ISBNS, SHELVES } from "./schema.ts";

const RATE = Number(process.env["SHOP_RATE"] ?? "5");
const SHOPPERS = Math.max(6, Math.ceil(RATE / 2));
const SWING = 0.4;
const SWING_PERIOD_MS = 120_000;
const REPORT_EVERY_MS = 30_000;
const REQUEST_LIMIT_MS = 10_000;

interface Shopper {
  session: string;
  headers: Record<string, string>;
}

/** One page or action: method and path, and a body where there is one. */
type Step = [method: "GET" | "POST", path: string, body?: unknown];

const counts = { requests: 0, failed: 0, orders: 0, declined: 0 };
const recentOrders: string[] = [];
let base = "";
const stopping = new AbortController();

function newShopper(): Shopper {
  const session = `s-${randomUUID().slice(0, 12)}`;
  return {
    session,
    headers: {
      "x-session": session,
      "x-tier": pick(["guest", "guest", "reader", "collector"]),
      "x-region": pick(["north-coast", "islands", "inland"]),
      "x-card-scheme": pick(["kite", "kite", "osprey", "heron"]),
      "user-agent": pick(["ShopBrowser/12.1 (desktop)", "ShopBrowser/12.1 (phone)"]),
      "content-type": "application/json",
    },
  };
}

async function think(): Promise<void> {
  const swing = 1 + SWING * Math.sin((2 * Math.PI * Date.now()) / SWING_PERIOD_MS);
  const meanMs = (1_000 * SHOPPERS) / (RATE * swing);
  await sleep(Math.min(-Math.log(1 - Math.random()), 4) * meanMs);
}

async function visit(shopper: Shopper, [method, path, body]: Step): Promise<unknown> {
  counts.requests += 1;
  try {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: shopper.headers,
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (response.status >= 500) counts.failed += 1;
    if (response.status === 402) counts.declined += 1;
    return await response.json();
  } catch {
    counts.failed += 1;
    return undefined;
  }
}

function buying(): Step[] {
  const steps: Step[] = [["GET", "/"]];
  const books = 1 + Math.floor(Math.random() * 3);
  for (let n = 0; n < books; n += 1) {
    const isbn = pick(ISBNS);
    if (n > 0) steps.push(["GET", `/books/${isbn}`]);
    steps.push(["POST", "/cart/items", { isbn }]);
  }
  return [...steps, ["POST", "/checkout", {}]];
}

/** Some shoppers come by an old bookmark that sorts in a way which does not work. */
function searching(): Step {
  const words = pick(["the", "night", "fish", "a", "for"]);
  const sort = pick(["title", "title", "price", "title", "price", "popularity"]);
  return ["GET", `/search?q=${words}&sort=${sort}`];
}

function browsing(): Step[] {
  const steps: Step[] = [["GET", "/"]];
  const pages = 1 + Math.floor(Math.random() * 5);
  for (let n = 0; n < pages; n += 1) {
    steps.push(
      pick<Step>([
        ["GET", `/shelves/${pick(SHELVES)}`],
        ["GET", `/books/${pick(ISBNS)}`],
        ["GET", `/books/${pick(ISBNS)}`],
        searching(),
        ["GET", "/cart"],
      ]),
    );
  }
  return steps;
}

function askingForAnOrder(): Step[] {
  const order = recentOrders.shift();
  return order === undefined ? browsing() : [["GET", `/orders/${order}`]];
}

function lost(): Step[] {
  return [
    ["GET", "/books/lf-0000"],
    ["GET", "/"],
  ];
}

async function journey(steps: Step[]): Promise<void> {
  const shopper = newShopper();
  for (const step of steps) {
    if (stopping.signal.aborted) return;
    const answer = await visit(shopper, step);
    const { orderId } = (answer ?? {}) as { orderId?: string };
    if (orderId !== undefined) {
      counts.orders += 1;
      recentOrders.push(orderId);
      if (recentOrders.length > 50) recentOrders.shift();
    }
    await think();
  }
}

async function shop(first: () => Step[]): Promise<void> {
  await journey(first());
  while (!stopping.signal.aborted) {
    const plan = pick([buying, buying, browsing, browsing, browsing, askingForAnOrder, lost]);
    await journey(plan());
  }
}

// Those who still think are not worth waiting for; this process has nothing to send.
onStop(async () => {
  stopping.abort();
});
base = `http://127.0.0.1:${portOf(await announce(0), "storefront")}`;
for (let n = 0; n < SHOPPERS; n += 1) void shop(n < 2 ? buying : browsing);
ready();
setInterval(() => {
  const { requests, failed, orders, declined } = counts;
  console.log(`${requests} requests, ${orders} orders, ${declined} declined, ${failed} failed`);
}, REPORT_EVERY_MS);
