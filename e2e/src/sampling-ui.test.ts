// The section Sampling of a service's page, in a real browser on a real server.

import { expect, test } from "vitest";
import { screenshot } from "./browser.ts";
import { nowNano, type OtlpSpan, send, spanOf } from "./otlp-json.ts";
import { uiSuite } from "./ui-suite.ts";
import { until } from "./until.ts";

const SPANS = 240;

const ui = uiSuite();

/** Requests each of which stands for four. */
async function sendSampled(service: string): Promise<void> {
  const now = nowNano();
  const spans = Array.from({ length: SPANS }, (_, i): OtlpSpan => {
    const start = now - BigInt(i) * 200_000_000n;
    return {
      ...spanOf({ name: i % 3 === 0 ? "GET /items/:id" : "POST /orders" }),
      startTimeUnixNano: String(start),
      endTimeUnixNano: String(start + 20_000_000n),
      traceState: "ot=th:c",
    };
  });
  await send(ui.server, service, spans);
  await until("the rates are known", 20_000, async () => {
    const answer = await fetch(`${ui.server.url}/api/v1/sampling/${service}`);
    return "seen" in ((await answer.json()) as object);
  });
}

test("shows what a service makes and keeps, and changes its rate", async () => {
  await sendSampled("orders");
  await fetch(`${ui.server.otlpHttpUrl}/sampling?service=orders`);
  const { page } = ui.watched;
  await page.goto("/services/orders");
  const panel = page.getByRole("region", { name: "Sampling" });
  await panel.getByText("Keeps everything (nothing is said about it)").waitFor();
  // Four were made for each that was kept.
  await panel.getByText(/made, .* kept \(25%\)/).waitFor();
  await panel.getByText(/last asked \d+ s ago/).waitFor();

  await panel.getByLabel("How traces are sampled").selectOption("Keep a share");
  const share = panel.getByLabel("Keep a share");
  await share.fill("250");
  await panel.getByRole("button", { name: "Set" }).click();
  await panel.getByText("A share is 0 to 100 %.").waitFor();
  await share.fill("12.5");
  await panel.getByRole("button", { name: "Set" }).click();
  await panel.getByText("Keeps 12.5% of the traces (set here)").waitFor();
  const told = await fetch(`${ui.server.otlpHttpUrl}/sampling?service=orders`);
  expect(await told.json()).toMatchObject({ probabilisticSampling: { samplingRate: 0.125 } });
  await panel.scrollIntoViewIfNeeded();
  await screenshot(page, "sampling");

  await panel.getByRole("button", { name: "Take back" }).click();
  await panel.getByText("Keeps everything (nothing is said about it)").waitFor();
});

test("says so when nothing was seen of a service and none of its tracers has asked", async () => {
  await ui.watched.page.goto("/services/nobody");
  const panel = ui.watched.page.getByRole("region", { name: "Sampling" });
  await panel.getByText("none arrived in the last two minutes").waitFor();
  await panel.getByText(/none has asked since Clew started/).waitFor();
});
