// A load of GET requests over kept connections, light enough not to be what is measured: requests are written
// as they are and answers are only counted.

import { connect, type Socket } from "node:net";

const REQUEST = Buffer.from(
  "GET /items/42?page=1 HTTP/1.1\r\nHost: shop.example:8080\r\nUser-Agent: load/1\r\nAccept: */*\r\n\r\n",
);
const END_OF_HEAD = "\r\n\r\n";

function run(port: number, requests: { left: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    const next = (): void => {
      if (requests.left-- > 0) socket.write(REQUEST);
      else socket.end(() => resolve());
    };
    socket.on("connect", next);
    socket.on("error", reject);
    // Each answer is small enough to arrive in one piece.
    socket.on("data", (data) => {
      if (data.includes(END_OF_HEAD)) next();
    });
  });
}

/** Sends `count` requests over `connections` connections; resolves when all are answered. */
export async function sendRequests(port: number, count: number, connections = 16): Promise<void> {
  const requests = { left: count };
  await Promise.all(Array.from({ length: connections }, () => run(port, requests)));
}

/** Sends requests at `perSecond` for `seconds`, as evenly as timers allow; resolves to how many. */
export async function sendAtRate(
  port: number,
  perSecond: number,
  seconds: number,
): Promise<number> {
  const connections = Math.max(16, Math.ceil(perSecond / 250));
  const endMs = performance.now() + seconds * 1000;
  let sent = 0;
  const startMs = performance.now();
  while (performance.now() < endMs) {
    const due = Math.floor(((performance.now() - startMs) * perSecond) / 1000) - sent;
    if (due > 0) {
      await sendRequests(port, due, Math.min(connections, due));
      sent += due;
    } else await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return sent;
}
