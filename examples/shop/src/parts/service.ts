// The frame of every service: a port of its own, its peers, then the work; and an orderly end that sends the last
// spans and logs. The tracer is there before any of this runs.
import { createServer, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { answerWith, type Routes } from "./http-server.ts";
import { announce, listen, onStop, type Ports, ready } from "./lifecycle.ts";
import { log } from "./log.ts";
import { startTelemetry } from "./telemetry.ts";

/** What a service does once its peers are known. */
export interface ServiceParts {
  routes: Routes;
  /** Closes what the service opened; called after the last request. */
  close?: () => Promise<void>;
}

const DRAIN_LIMIT_MS = 400;
const CLOSE_LIMIT_MS = 700;
const KEEP_ALIVE_MS = 30_000;

/** Finishes the requests under way, also those whose callers have left: their spans count. */
async function drain(server: Server, running: ReadonlySet<Promise<unknown>>): Promise<void> {
  server.close();
  server.closeIdleConnections();
  await Promise.race([Promise.allSettled(running), sleep(DRAIN_LIMIT_MS)]);
  server.closeAllConnections();
}

/** Something that listens, whatever its protocol. */
export interface Listening {
  readonly port: number;
  /** Takes nothing new and finishes what is under way. */
  drain(): Promise<void>;
}

/** Runs a process of the shop that sends telemetry: listens, opens, stops in order. */
export async function runProcess(
  begin: () => Promise<Listening>,
  open: (ports: Ports) => Promise<(() => Promise<void>) | undefined>,
): Promise<void> {
  const telemetry = startTelemetry();
  const opened = Promise.withResolvers<(() => Promise<void>) | undefined>();
  const listening = await begin();
  onStop(async () => {
    await listening.drain();
    const close = await Promise.race([opened.promise, Promise.resolve(undefined)]);
    await Promise.race([close?.(), sleep(CLOSE_LIMIT_MS)]);
    await telemetry.shutdown();
  });
  opened.resolve(await open(await announce(listening.port)));
  await opened.promise;
  log.info(`${process.env["OTEL_SERVICE_NAME"]} is ready`);
  ready();
}

/** Runs one service that is asked over HTTP until the supervisor stops it. */
export async function runService(open: (ports: Ports) => Promise<ServiceParts>): Promise<void> {
  const running = new Set<Promise<unknown>>();
  const routes = Promise.withResolvers<Routes>();
  const listener = routes.promise.then((known) => answerWith(known, running));
  // A request may come before the routes are there (after a restart): it waits for them.
  const server = createServer((request, response) => {
    void listener.then((answer) => answer(request, response));
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await runProcess(
    async () => ({ port: await listen(server), drain: () => drain(server, running) }),
    async (ports) => {
      const parts = await open(ports);
      routes.resolve(parts.routes);
      await listener;
      return parts.close;
    },
  );
}
