// Both sides of payment.proto. The tracer knows gRPC: nothing here is about traces.
import { fileURLToPath } from "node:url";
import {
  type Client,
  credentials,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { Listening } from "./service.ts";

export interface Charge {
  orderId: string;
  amountCents: number;
  scheme: string;
}

export interface ChargeReply {
  approved: boolean;
  declineReason: string;
}

interface PaymentClient extends Client {
  charge(
    request: Charge,
    options: { deadline: number },
    done: (error: ServiceError | null, reply: ChargeReply) => void,
  ): void;
}

const DEADLINE_MS = 3_000;
const FILE = fileURLToPath(new URL("payment.proto", import.meta.url));
const definition = loadSync(FILE, { defaults: true });
const { Payment } = loadPackageDefinition(definition)["lanternfish"] as unknown as {
  Payment: ServiceClientConstructor;
};

/** Asks for a charge. */
export interface PaymentCaller {
  charge(request: Charge): Promise<ChargeReply>;
  close(): void;
}

/** A client of the payment service on this machine. */
export function connectPayment(port: number): PaymentCaller {
  const client = new Payment(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.default_authority": "payment",
  }) as unknown as PaymentClient;
  return {
    charge: (request) =>
      new Promise((resolve, reject) => {
        const deadline = Date.now() + DEADLINE_MS;
        client.charge(request, { deadline }, (error, reply) => {
          if (error === null) resolve(reply);
          else reject(error);
        });
      }),
    close: () => client.close(),
  };
}

/** Listens for charges. */
export async function listenForCharges(
  handle: (request: Charge) => Promise<ChargeReply>,
): Promise<Listening> {
  const server = new Server();
  server.addService(Payment.service, {
    charge: (
      { request }: { request: Charge },
      done: (error: Partial<ServiceError> | null, reply?: ChargeReply) => void,
    ) => {
      handle(request).then(
        (reply) => done(null, reply),
        ({ message }: Error) => done({ code: status.UNAVAILABLE, details: message }),
      );
    },
  });
  const wanted = `127.0.0.1:${process.env["SHOP_PORT"] ?? "0"}`;
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(wanted, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    port,
    drain: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
  };
}
