// Payment: asked over gRPC, it asks the card network, which belongs to somebody else and has no tracing. It waits
// 700 ms and tries twice, because the network's answers can be repeated safely by their key.
import { activeSpan } from "@clew/sdk";
import { type Caller, createCaller } from "../parts/http-client.ts";
import { log } from "../parts/log.ts";
import { type Charge, type ChargeReply, listenForCharges } from "../parts/payment-api.ts";
import { runProcess } from "../parts/service.ts";

async function charge(
  call: Caller,
  { orderId, amountCents, scheme }: Charge,
): Promise<ChargeReply> {
  const span = activeSpan();
  span?.set({
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
  const { approved, reason = "" } = reply.body as { approved: boolean; reason?: string };
  span?.set({ "app.payment.approved": approved });
  if (approved) log.info("card charged", { "app.order.id": orderId });
  else {
    span?.set({ "app.payment.decline_reason": reason });
    log.warn(`card declined: ${reason}`, { "app.order.id": orderId });
  }
  return { approved, declineReason: reason };
}

// A charge may come before the peers are known (after a restart): it waits for them.
const caller = Promise.withResolvers<Caller>();
await runProcess(
  () => listenForCharges(async (request) => charge(await caller.promise, request)),
  async (ports) => {
    caller.resolve(createCaller(ports));
    return undefined;
  },
);
