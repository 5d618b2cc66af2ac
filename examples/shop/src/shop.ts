// The supervisor: starts every process of the shop at the same moment, introduces them to each
// other, lets the shoppers in when all are ready, and closes the shop in order.
import { setTimeout as sleep } from "node:timers/promises";
import { ClewError } from "@clew/base";
import { Child, type Print } from "./child.ts";
import type { Ports } from "./parts/lifecycle.ts";
import { SHOP, TRAFFIC } from "./plan.ts";

/** How to run the shop. */
export interface ShopOptions {
  /** Mean number of shoppers' requests per second. */
  ratePerSecond: number;
  /** Where OTLP/HTTP goes, such as http://127.0.0.1:4318. */
  endpoint: string;
  /** Port of the storefront; undefined for a free one. */
  port: number | undefined;
  /** Nothing goes wrong by chance. */
  calm: boolean;
  /** Print every log line, not only warnings and errors. */
  verbose: boolean;
  /** Takes what the processes print. */
  print: Print;
  /** Gives up starting when it aborts; a shop that is open is closed by `stop`. */
  signal: AbortSignal;
}

/** A running shop. */
export interface Shop {
  /** The names of the services that send traces. */
  readonly services: readonly string[];
  /** Base URL of the storefront, for visits by hand. */
  readonly storefront: string;
  /** Closes the shop within 3 s: shoppers first, then the services, then what they stand on. */
  stop(): Promise<void>;
}

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 2_800;

async function allListening(children: readonly Child[]): Promise<Ports> {
  const entries = children.map(async ({ part, listening }) => [part.name, await listening]);
  return Object.fromEntries(await Promise.all(entries)) as Ports;
}

async function inTime<T>(work: Promise<T>, given: AbortSignal): Promise<T> {
  const done = new AbortController();
  const signal = AbortSignal.any([done.signal, given]);
  const late = sleep(START_LIMIT_MS, undefined, { signal }).then(
    () => {
      throw new ClewError("unavailable", `the shop is not open after ${START_LIMIT_MS / 1_000} s`, {
        hint: "the lines above say which process did not start",
      });
    },
    () => {
      throw new ClewError("cancelled", "the shop was told to close before it was open");
    },
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
    late.catch(() => {});
  }
}

async function stopAll(children: readonly Child[]): Promise<void> {
  const abort = new AbortController();
  const orderly = async (): Promise<void> => {
    for (const turn of [0, 1, 2]) {
      const leaving = children.filter(({ part }) => part.leaves === turn);
      await Promise.all(leaving.map((child) => child.stop()));
    }
  };
  const force = sleep(STOP_LIMIT_MS, undefined, { signal: abort.signal }).then(
    () => {
      for (const child of children) child.kill();
    },
    () => {},
  );
  await Promise.race([orderly(), force]);
  abort.abort();
}

/**
 * Opens the shop. Throws ClewError `unavailable` when it is not open after 30 s, `cancelled` when
 * the signal aborts before that; no process is left behind then.
 */
export async function startShop(options: ShopOptions): Promise<Shop> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    OTEL_EXPORTER_OTLP_ENDPOINT: options.endpoint,
    SHOP_RATE: String(options.ratePerSecond),
    ...(options.verbose ? { SHOP_VERBOSE: "1" } : {}),
    ...(options.calm ? { SHOP_CALM: "1" } : {}),
  };
  const port = options.port === undefined ? {} : { SHOP_PORT: String(options.port) };
  const children = SHOP.map((part) => {
    const own = part.name === "storefront" ? { ...env, ...port } : env;
    return new Child(part, own, options.print);
  });
  const shoppers = new Child(TRAFFIC, env, options.print);
  const everyone = [...children, shoppers];
  try {
    const ports = await inTime(allListening(children), options.signal);
    for (const child of children) child.introduce(ports);
    await inTime(Promise.all(children.map(({ ready }) => ready)), options.signal);
    shoppers.introduce(ports);
    return {
      services: SHOP.filter(({ version }) => version !== undefined).map(({ name }) => name),
      storefront: `http://127.0.0.1:${ports["storefront"]}`,
      stop: () => stopAll(everyone),
    };
  } catch (error) {
    await stopAll(everyone);
    throw error;
  }
}
