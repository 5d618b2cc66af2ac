// Payment: asks the card network, which belongs to somebody else and has no tracing. It waits
// 700 ms and tries twice, because the network's answers can be repeated safely by their key.
import { createCaller } from "../parts/http-client.ts";
import { log } from "../parts/log.ts";
import { runService } from "../parts/service.ts";

interface Charge {
  orderId: string;
  amountCents: number;
  scheme: string;
}

await runService("payment", "5.0.2", async (ports) => {
  const call = createCaller(ports);
  return {
    routes: {
      "POST /charges": async ({ body, span }) => {
        const { orderId, amountCents, scheme } = body as Charge;
        span.setAttributes({
          "app.order.id": orderId,
          "app.payment.amount_cents": amountCents,
          "app.payment.card_scheme": scheme,
        });
        const reply = await call({
          peer: "card-network",
          method: "POST",
          template: "/authorizations",
          body: { key: orderId, amountCents, scheme },
          timeoutMs: 700,
          attempts: 2,
        });
        const { approved, reason } = reply.body as { approved: boolean; reason?: string };
        span.setAttribute("app.payment.approved", approved);
        if (!approved) {
          span.setAttribute("app.payment.decline_reason", reason ?? "unknown");
          log.warn(`card declined: ${reason}`, { "app.order.id": orderId });
          return { status: 402, body: { error: `card declined: ${reason}` } };
        }
        log.info("card charged", { "app.order.id": orderId });
        return { status: 201, body: { approved } };
      },
    },
  };
});
