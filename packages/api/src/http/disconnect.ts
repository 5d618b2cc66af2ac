// A client that goes away cancels its query: the AbortSignal of a request.

import type { FastifyReply } from "fastify";

/**
 * A signal that aborts when the connection closes before the answer is complete. It hangs on the response:
 * the request's own `close` also fires once a body has been read, with the client still there.
 */
export function disconnectSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const { raw } = reply;
  if (raw.destroyed) controller.abort();
  raw.once("close", () => {
    if (!raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
