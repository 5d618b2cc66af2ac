// What every shop process says to the supervisor and hears from it, over Node's IPC channel.
// Each process listens on a port that the system chose, announces it, and is told the ports of
// all others; so nothing collides and every process can start at the same moment.

import { once } from "node:events";
import type { Server } from "node:net";

/** Listening ports by process name. */
export type Ports = Readonly<Record<string, number>>;

/** From a shop process to the supervisor. */
export type ChildMessage = { kind: "listening"; port: number } | { kind: "ready" };

/** From the supervisor to a shop process. */
export type SupervisorMessage = { kind: "peers"; ports: Ports } | { kind: "stop" };

/** A process that takes longer than this to stop is ended, in milliseconds. */
const STOP_LIMIT_MS = 2_400;

function tell(message: ChildMessage): void {
  if (process.send === undefined) {
    throw new Error("this process belongs to the shop: start it through examples/shop/src/main.ts");
  }
  process.send(message);
}

/** Listens on loopback: on a free port, or on the port of the predecessor after a restart. */
export async function listen(server: Server): Promise<number> {
  server.listen(Number(process.env["SHOP_PORT"] ?? "0"), "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP port");
  return address.port;
}

/** Announces the port (0 for a process that only calls others) and waits for everybody's ports. */
export async function announce(port: number): Promise<Ports> {
  const ports = new Promise<Ports>((resolve) => {
    process.on("message", (message: SupervisorMessage) => {
      if (message.kind === "peers") resolve(message.ports);
    });
  });
  tell({ kind: "listening", port });
  return ports;
}

/** Says that requests and messages can come now. */
export function ready(): void {
  tell({ kind: "ready" });
}

/** The port of a peer; throws when the supervisor does not know the name. */
export function portOf(ports: Ports, name: string): number {
  const port = ports[name];
  if (port === undefined) throw new Error(`no process named ${name}`);
  return port;
}

/** Runs `close` once when the shop stops or the supervisor is gone, then leaves the process. */
export function onStop(close: () => Promise<void>): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error("could not stop cleanly:", error);
        process.exit(1);
      },
    );
  };
  // Ctrl-C reaches the whole process group; only the supervisor decides the order of leaving.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", stop);
  process.on("disconnect", stop);
  process.on("message", (message: SupervisorMessage) => {
    if (message.kind === "stop") stop();
  });
}
