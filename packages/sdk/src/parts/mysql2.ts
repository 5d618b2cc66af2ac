// Part: queries of mysql2 and its pools, callbacks and promises alike, which are callbacks below. Patched rather than
// heard on its channels, which only the latest versions have and which tell a query with its values in it.

import { EventEmitter } from "node:events";
import { type Call, DatabaseCalls, queryOf, settling } from "../database/query-span.ts";
import { statementOf } from "../database/sql.ts";
import type { Instrumentation, Tracing } from "../instrument/instrumentation.ts";
import { type Method, wrapMethod } from "../messaging/patching.ts";
import { storage } from "../trace/context.ts";

const SYSTEM = "mysql";
const DEFAULT_PORT = 3306;

interface Config {
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly socketPath?: string;
}
interface Connection {
  readonly config?: Config;
}
interface Pool {
  readonly config?: { readonly connectionConfig?: Config };
}
interface Command extends EventEmitter {
  readonly sql?: unknown;
  onResult?: unknown;
}
type Callback = (...args: unknown[]) => unknown;
interface Prototype {
  query?: Method;
  execute?: Method;
  prepare?: Method;
  getConnection?: Method;
}

function databaseOf(config: Config | undefined) {
  const { host, port, database: namespace, socketPath } = config ?? {};
  if (socketPath !== undefined) return { system: SYSTEM, namespace, address: socketPath };
  return { system: SYSTEM, namespace, address: host ?? "localhost", port: port ?? DEFAULT_PORT };
}

/** The statement as it was written, before values are put into it. */
function textOf(given: unknown): string {
  const sql = typeof given === "string" ? given : (given as { sql?: unknown } | null)?.sql;
  return typeof sql === "string" ? sql : "";
}

/** Ends the call of a query without callback, whose listeners run in the context of who asked. */
function watchCommand(command: unknown, call: Call | undefined, context: Call["context"]): void {
  if (!(command instanceof EventEmitter)) return;
  const { emit } = command;
  command.emit = function emitted(this: EventEmitter, ...args: Parameters<typeof emit>): boolean {
    if (args[0] === "error") call?.end(args[1] ?? new Error("unknown"));
    else if (args[0] === "end") call?.end();
    return storage.run(context, () => emit.apply(this, args));
  };
}

interface Asked {
  readonly connection: Connection;
  readonly text: string;
}

const askedOf = (connection: unknown, args: readonly unknown[]): Asked => ({
  connection: connection as Connection,
  text: textOf(args[0]),
});

function wrapQuery(
  calls: DatabaseCalls,
  query: Method,
  asked: (self: unknown, args: readonly unknown[]) => Asked = askedOf,
): Method {
  return function tracedQuery(this: unknown, ...args) {
    const [given] = args;
    const { context } = calls;
    const call = calls.begin(
      () => databaseOf(asked(this, args).connection.config),
      () => queryOf(statementOf(asked(this, args).text, SYSTEM)),
    );
    const wrap = (callback: Callback) => settling(context, callback, (error) => call?.end(error));
    try {
      const at = args.findIndex((each) => typeof each === "function");
      if (at >= 0) return query.apply(this, args.with(at, wrap(args[at] as Callback)));
      if (given instanceof EventEmitter) {
        const command: Command = given;
        if (typeof command.onResult === "function") {
          command.onResult = wrap(command.onResult as Callback);
          return query.apply(this, args);
        }
      }
      const command = query.apply(this, args);
      watchCommand(command, call, context);
      return command;
    } catch (error) {
      call?.end(error);
      throw error;
    }
  };
}

/** Statements that a program prepares itself are traced when they are executed. */
function wrapPrepare(calls: DatabaseCalls, prepare: Method): Method {
  return function tracedPrepare(this: unknown, ...args) {
    const [given, callback] = args;
    if (typeof callback !== "function") return prepare.apply(this, args);
    const asked = { connection: this as Connection, text: textOf(given) };
    const prepared: Callback = (...answer) => {
      wrapMethod(answer[1], "execute", (execute) => wrapQuery(calls, execute, () => asked));
      return (callback as Callback)(...answer);
    };
    return prepare.call(
      this,
      given,
      settling(calls.context, prepared, () => {}),
    );
  };
}

function wrapGetConnection(calls: DatabaseCalls, getConnection: Method): Method {
  return function tracedGetConnection(this: unknown, ...args) {
    const [callback] = args;
    if (typeof callback !== "function") return getConnection.apply(this, args);
    const settle = calls.waiting(() => databaseOf((this as Pool).config?.connectionConfig));
    return getConnection.call(this, settling(calls.context, callback as Callback, settle));
  };
}

function callsOf(tracing: Tracing): DatabaseCalls {
  return new DatabaseCalls(tracing, "mysql2", (error) => {
    // The server's errors have positive numbers, the system's negative ones.
    const { errno } = error as { errno?: unknown };
    return typeof errno === "number" && errno > 0 ? errno : undefined;
  });
}

/** Wraps what a class has of its own: newer versions keep it in a class below. */
function patch(exports: unknown, _loaded: unknown, tracing: Tracing): undefined {
  const { prototype } = exports as { prototype: Prototype };
  const calls = callsOf(tracing);
  const own = (name: keyof Prototype) =>
    Object.hasOwn(prototype, name) ? prototype[name] : undefined;
  const getConnection = own("getConnection");
  if (getConnection !== undefined) {
    // A pool's queries are those of its connections.
    wrapMethod(prototype, "getConnection", (method) => wrapGetConnection(calls, method));
    return undefined;
  }
  if (own("prepare") !== undefined) {
    wrapMethod(prototype, "prepare", (prepare) => wrapPrepare(calls, prepare));
  }
  for (const name of ["query", "execute"] as const) {
    if (own(name) !== undefined) wrapMethod(prototype, name, (query) => wrapQuery(calls, query));
  }
  return undefined;
}

/** Instrumentation of mysql2. */
export const instrumentation: Instrumentation = {
  name: "mysql2",
  modules: ["lib/connection", "lib/base/connection", "lib/pool", "lib/base/pool"].map((file) => ({
    module: "mysql2",
    versions: ">=2.3.0 <4",
    file,
    patch,
  })),
};
