// Errors that come up before any route is reached, such as a path that does not decode, in the shape of the
// API whose prefix the path has.

import type { Server } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sendError } from "./errors.ts";

export type ErrorSender = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => void;

const sendersByServer = new WeakMap<Server, Map<string, ErrorSender>>();

/** Makes `send` the error handler of the plugin that `server` is, and of all paths below its prefix. */
export function useErrorSender(server: FastifyInstance, send: ErrorSender): void {
  server.setErrorHandler(send);
  const senders = sendersByServer.get(server.server) ?? new Map<string, ErrorSender>();
  sendersByServer.set(server.server, senders.set(server.prefix, send));
}

/** Answers an error of the framework. */
export function sendFrameworkError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const prefix = /^\/[^/?]*/.exec(request.url)?.[0] ?? "";
  const send = sendersByServer.get(request.server.server)?.get(prefix) ?? sendError;
  send(thrown, request, reply);
}
