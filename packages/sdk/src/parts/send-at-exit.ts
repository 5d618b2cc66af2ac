// Part: a last attempt to send from within `process.exit` or after an uncaught error, when this thread may not
// wait for anything any more. A worker sends while this thread sleeps, for as long as is allowed.

import { Worker } from "node:worker_threads";
import type { ExportSettings } from "../config/settings.ts";
import { requestBody } from "../deliver/http-request.ts";

const MOST_BYTES = 4 * 1024 * 1024;

// Plain CommonJS for a worker that has nothing of ours loaded. Cell 0 counts what has arrived, cell 1 what is done.
const WORKER = `
const { workerData: { url, headers, type, files, bodies, cells } } = require("node:worker_threads");
const { request } = require(url.startsWith("https:") ? "node:https" : "node:http");
const { readFileSync } = require("node:fs");
const given = Object.fromEntries(Object.entries(files).filter(([, f]) => f).map(([k, f]) => [k, readFileSync(f)]));
for (const body of bodies) {
  let over = false;
  const done = (taken) => {
    if (over) return;
    over = true;
    if (taken) Atomics.add(cells, 0, 1);
    Atomics.add(cells, 1, 1);
    Atomics.notify(cells, 1);
  };
  const all = { ...headers, "content-type": type, "content-length": body.length };
  request(url, { method: "POST", headers: all, ...given }, (response) => {
    response.resume().on("end", () => done(response.statusCode >= 200 && response.statusCode < 300));
    response.on("error", () => done(false));
  }).on("error", () => done(false)).end(body);
}`;

/** Sends `bodies`; true when all have arrived within `ms` milliseconds. Never throws. */
export function sendAtExit(
  settings: ExportSettings,
  bodies: readonly Buffer[],
  ms: number,
): boolean {
  if (bodies.reduce((sum, body) => sum + body.length, 0) > MOST_BYTES) return false;
  try {
    const requests = bodies.map((body) => requestBody(settings, body));
    const cells = new Int32Array(new SharedArrayBuffer(8));
    const { url, headers, caFile: ca, keyFile: key, certFile: cert } = settings;
    const worker = new Worker(WORKER, {
      eval: true,
      execArgv: [],
      env: { OTEL_SDK_DISABLED: "true" },
      workerData: {
        url,
        headers,
        type: requests[0]?.type,
        files: { ca, key, cert },
        bodies: requests.map(({ bytes }) => bytes),
        cells,
      },
    });
    worker.on("error", () => {}); // never heard: this thread does not come back to its loop
    const endMs = performance.now() + ms;
    for (let done = 0; done < bodies.length; done = Atomics.load(cells, 1)) {
      const left = endMs - performance.now();
      if (left <= 0) break;
      Atomics.wait(cells, 1, done, left);
    }
    return Atomics.load(cells, 0) === bodies.length;
  } catch {
    return false;
  }
}
