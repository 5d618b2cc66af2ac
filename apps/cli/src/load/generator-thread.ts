// Worker thread of the load generator: makes one batch for every credit the sender gives it.

import { parentPort, workerData } from "node:worker_threads";
import { BatchStream, type StreamOptions } from "./batch-stream.ts";

const port = parentPort;
if (port !== null) {
  const stream = new BatchStream(workerData as StreamOptions);
  port.on("message", () => {
    const batch = stream.next();
    if (batch === undefined) port.postMessage(undefined);
    else port.postMessage(batch, [batch.body.buffer]);
  });
}
