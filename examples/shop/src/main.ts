// The demo: opens the shop, says where to look, closes it on Ctrl-C or after --duration.
import { once } from "node:events";
import { styleText } from "node:util";
import { ClewError } from "@clew/base";
import { watchEndpoint } from "./endpoint.ts";
import { parseOptions, USAGE } from "./options.ts";
import { type Shop, startShop } from "./shop.ts";

const endpoint = process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? "http://127.0.0.1:4318";
const NAME_WIDTH = 15;

function print(name: string, line: string): void {
  console.log(`${styleText("dim", `${name.padEnd(NAME_WIDTH)} |`)} ${line}`);
}

function banner(shop: Shop, startedInMs: number): string {
  const ui = `http://localhost:${process.env["CLEW_PORT"] ?? "4319"}`;
  return [
    "",
    `  ${styleText("bold", "Lanternfish Books is open")} (${(startedInMs / 1_000).toFixed(1)} s)`,
    `  ${shop.services.length} services: ${shop.services.join(", ")}`,
    `  shop is running; open ${styleText("cyan", ui)} and look at service storefront`,
    `  traces go to ${endpoint}; the shop itself: ${shop.storefront}/`,
    "  Ctrl-C stops",
    "",
  ].join("\n");
}

async function run(): Promise<void> {
  const { help, durationMs, ...options } = parseOptions(process.argv.slice(2));
  if (help) {
    console.log(USAGE);
    return;
  }
  const closing = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => closing.abort());
  const startedAt = performance.now();
  const shop = await startShop({
    ...options,
    endpoint,
    print,
    signal: closing.signal,
  });
  console.log(banner(shop, performance.now() - startedAt));
  const closed = once(closing.signal, "abort");
  void watchEndpoint(endpoint, closing.signal, (line) => console.log(styleText("yellow", line)));
  if (durationMs !== undefined) setTimeout(() => closing.abort(), durationMs);
  if (!closing.signal.aborted) await closed;
  console.log("closing the shop ...");
  await shop.stop();
  console.log("the shop is closed");
}

try {
  await run();
  // Whatever a timer or an open pipe still holds must not keep a closed shop alive.
  process.exit(0);
} catch (error) {
  const { code, message, hint } = ClewError.from(error);
  if (code === "cancelled") process.exit(0);
  console.error(hint === undefined ? message : `${message} (${hint})`);
  process.exit(1);
}
