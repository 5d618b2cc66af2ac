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

/** Finishes the requests under way, also those whose callers have left: their spans count. */
async function drain(server: Server, running: ReadonlySet<Promise<void>>): Promise<void> {
  server.close();
  server.closeIdleConnections();
  await Promise.race([Promise.allSettled(running), sleep(DRAIN_LIMIT_MS)]);
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
  const running = new Set<Promise<void>>();
  const listener = opened.promise.then(({ routes }) => answerWith(routes, running));
  // A request may come before the routes are there (after a restart): it waits for them.
  const server = createServer((request, response) => {
    void listener.then((answer) => answer(request, response));
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  onStop(async () => {
    await drain(server, running);
    const parts = await Promise.race([opened.promise, Promise.resolve(undefined)]);
    await Promise.race([parts?.close?.(), sleep(CLOSE_LIMIT_MS)]);
    await telemetry.shutdown();
  });
  const port = await listen(server);
  opened.resolve(await open(await announce(port)));
  await opened.promise;
  log.info(`${name} ${version} is ready`);
  ready();
}
