// The frame of every service: telemetry first, a port of its own, its peers, then the work;
// and an orderly end that sends the last spans.
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

async function drain(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([closed, sleep(DRAIN_LIMIT_MS)]);
  server.closeAllConnections();
}

/** Runs one instrumented service until the supervisor stops it. */
export async function runService(
  name: string,
  version: string,
  open: (ports: Ports) => Promise<ServiceParts>,
): Promise<void> {
  const telemetry = startTelemetry(name, version);
  const opened = Promise.withResolvers<ServiceParts>();
  const listener = opened.promise.then(({ routes }) => answerWith(routes));
  // A request may come before the routes are there (after a restart): it waits for them.
  const server = createServer((request, response) => {
    void listener.then((answer) => answer(request, response));
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  onStop(async () => {
    await drain(server);
    const parts = await Promise.race([opened.promise, undefined]);
    await Promise.race([parts?.close?.(), sleep(CLOSE_LIMIT_MS)]);
    await telemetry.shutdown();
  });
  const port = await listen(server);
  opened.resolve(await open(await announce(port)));
  await opened.promise;
  log.info(`${name} ${version} is ready`);
  ready();
}
