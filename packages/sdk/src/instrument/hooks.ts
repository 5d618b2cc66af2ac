// The table of libraries that are patched when they load: package name to the part with their patches. A part
// exports `instrumentation`. Adding a library is one line here and one file in src/parts.

import { MESSAGING_HOOKS } from "../messaging/hooks.ts";

/** A row of the table. */
export interface HookRow {
  /** Package, or a module of Node. */
  readonly module: string;
  /** Name under which it can be disabled. */
  readonly name: string;
  /** File of src/parts. */
  readonly part: string;
}

/** All rows. */
export const HOOKS: readonly HookRow[] = [
  { module: "http2", name: "http2", part: "http2" },
  { module: "express", name: "express", part: "express" },
  { module: "router", name: "express", part: "express" },
  { module: "fastify", name: "fastify", part: "fastify" },
  { module: "koa", name: "koa", part: "koa" },
  { module: "@koa/router", name: "koa", part: "koa" },
  { module: "koa-router", name: "koa", part: "koa" },
  { module: "hono", name: "hono", part: "hono" },
  { module: "@nestjs/core", name: "nestjs", part: "nestjs" },
  ...MESSAGING_HOOKS,
  { module: "pg", name: "pg", part: "pg" },
  { module: "pg-pool", name: "pg", part: "pg" },
  { module: "mysql2", name: "mysql2", part: "mysql2" },
  { module: "ioredis", name: "ioredis", part: "ioredis" },
  { module: "@redis/client", name: "redis", part: "redis" },
  { module: "mongodb", name: "mongodb", part: "mongodb" },
  { module: "@grpc/grpc-js", name: "grpc", part: "grpc" },
  { module: "pino", name: "pino", part: "pino" },
  { module: "winston", name: "winston", part: "winston" },
];
