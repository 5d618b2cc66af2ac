// HTTP/2 without TLS on a port that speaks HTTP/1.1: gRPC clients begin with HTTP/2's connection preface
// (RFC 9113, 3.4), which is no HTTP/1.1 request, so the first bytes of a connection tell which one it is.

import type { Server } from "node:http";
import type { Socket } from "node:net";

/** As much of `PRI * HTTP/2.0` as no method of HTTP/1.1 begins with. */
const preface = Buffer.from("PRI ");
/** Milliseconds that a connection may be silent before its first byte; HTTP's own limits count after it. */
const silenceMs = 60_000;

/**
 * Gives connections to `server` that begin with HTTP/2's preface to `takeHttp2`. Call it before the server
 * listens. Returns a function that cuts connections which have not said anything yet.
 */
export function sharePort(server: Server, takeHttp2: (socket: Socket) => void): () => void {
  const takeHttp1 = server.listeners("connection") as ((socket: Socket) => void)[];
  server.removeAllListeners("connection");
  const silent = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    const giveUp = (): void => void socket.destroy();
    const forget = (): void => {
      silent.delete(socket);
      socket.off("timeout", giveUp).off("error", giveUp).off("close", forget);
      socket.off("readable", look);
      socket.setTimeout(0);
    };
    const look = (): void => {
      const first = socket.read() as Buffer | null;
      if (first === null) return;
      socket.unshift(first);
      const known = Math.min(first.length, preface.length);
      const isHttp2 = first.subarray(0, known).equals(preface.subarray(0, known));
      if (isHttp2 && known < preface.length) return;
      forget();
      if (isHttp2) takeHttp2(socket);
      else for (const take of takeHttp1) take.call(server, socket);
    };
    silent.add(socket);
    socket.setTimeout(silenceMs);
    socket.on("timeout", giveUp).on("error", giveUp).on("close", forget).on("readable", look);
  });
  return () => {
    for (const socket of silent) socket.destroy();
  };
}
