// Part: queries of pg (node-postgres) and its pool. A query's time begins when a client is asked, so it holds no waiting
// for a connection, which has a span of its own. Callbacks run in the context of who gave them, not in that of
// the connection, which may have been made for somebody else.

import { EventEmitter } from "node:events";
import { type Call, DatabaseCalls, queryOf, settling, watching } from "../database/query-span.ts";
import { statementOf } from "../database/sql.ts";
import type { Instrumentation, Tracing } from "../instrument/instrumentation.ts";
import { quietly } from "../instrument/server-request.ts";
import { type Method, wrapMethod } from "../messaging/patching.ts";
import { contextManager } from "../trace/context.ts";

const SYSTEM = "postgresql";

interface Parameters {
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
}
interface Client {
  readonly connectionParameters?: Parameters;
}
interface Pool {
  readonly options?: Parameters & { readonly connectionString?: string };
}
interface Submittable {
  readonly text?: unknown;
  readonly cursor?: { readonly text?: unknown };
  submit(...args: unknown[]): unknown;
  callback?: unknown;
  read?(rows: unknown, callback?: unknown): unknown;
  handleReadyForQuery?(...args: unknown[]): unknown;
  handleError?(error: unknown, ...rest: unknown[]): unknown;
}
type Callback = (...args: unknown[]) => unknown;

function databaseOf(parameters: Parameters | undefined) {
  const { host, port, database: namespace } = parameters ?? {};
  // A path is the folder of a Unix socket, where the port means nothing.
  return {
    system: SYSTEM,
    namespace,
    address: host,
    port: host?.startsWith("/") ? undefined : port,
  };
}

function poolParameters(pool: Pool): Parameters | undefined {
  const { connectionString } = pool.options ?? {};
  if (connectionString === undefined) return pool.options;
  try {
    const url = new URL(connectionString);
    const port = url.port === "" ? 5432 : Number(url.port);
    return { host: url.hostname, port, database: decodeURIComponent(url.pathname.slice(1)) };
  } catch {
    return undefined;
  }
}

function textOf(config: unknown): string {
  const { text, cursor } = config as Submittable;
  const found = typeof config === "string" ? config : (text ?? cursor?.text);
  return typeof found === "string" ? found : "";
}

function isSubmittable(config: unknown): config is Submittable {
  return typeof (config as Submittable | null)?.submit === "function";
}

/** Lets a query object, such as a cursor, end its call, and run what it calls in the context of who asked. */
function watchSubmittable(
  query: Submittable,
  call: Call | undefined,
  context: Call["context"],
): void {
  const { callback, handleReadyForQuery, handleError, read } = query;
  if (query instanceof EventEmitter) contextManager.bind(context, query);
  if (typeof callback === "function") query.callback = inContext(context, callback as Callback);
  // A stream has a `read` too, which is not ours to change.
  if (read !== undefined && query.cursor === undefined) {
    query.read = function readRows(rows, given) {
      if (typeof given !== "function") return read.call(this, rows, given);
      return read.call(this, rows, contextManager.bind(contextManager.active(), given));
    };
  }
  if (call === undefined) return;
  if (handleError !== undefined) {
    query.handleError = function handledError(error, ...rest) {
      call.end(error);
      return handleError.call(this, error, ...rest);
    };
  }
  if (handleReadyForQuery !== undefined) {
    query.handleReadyForQuery = function handledEnd(...args) {
      call.end();
      return handleReadyForQuery.apply(this, args);
    };
  }
}

const inContext = (context: Call["context"], callback: Callback): Callback =>
  settling(context, callback, () => {});

/** The arguments with `wrap` around the callback among them. */
function withCallback(
  args: unknown[],
  wrap: (callback: Callback) => Callback,
): unknown[] | undefined {
  const at = args.findIndex((each, index) => index > 0 && typeof each === "function");
  return at < 0 ? undefined : args.with(at, wrap(args[at] as Callback));
}

/** A query with `wrap` around its member `callback`: a copy, as the program may ask it again. */
function withOwnCallback(
  args: unknown[],
  wrap: (callback: Callback) => Callback,
): unknown[] | undefined {
  const [config, ...rest] = args;
  const given = (config as { callback?: unknown }).callback;
  if (typeof given !== "function") return undefined;
  const callback = wrap(given as Callback);
  const copy: unknown = Object.create(Object.getPrototypeOf(config) as object);
  return [Object.assign(copy as object, config, { callback }), ...rest];
}

function wrapQuery(calls: DatabaseCalls, query: Method): Method {
  return function tracedQuery(this: unknown, ...args) {
    const [config] = args;
    if (config === undefined || config === null) return query.apply(this, args);
    const { context } = calls;
    const call = calls.begin(
      () => databaseOf((this as Client).connectionParameters),
      () => queryOf(statementOf(textOf(config), SYSTEM)),
    );
    try {
      if (isSubmittable(config)) {
        const bound = withCallback(args, (callback) => inContext(context, callback)) ?? args;
        quietly(() => watchSubmittable(config, call, context));
        return query.apply(this, bound);
      }
      const wrap = (callback: Callback) => settling(context, callback, (error) => call?.end(error));
      const watched = withCallback(args, wrap) ?? withOwnCallback(args, wrap);
      if (watched !== undefined) return query.apply(this, watched);
      const result = query.apply(this, args);
      return call === undefined ? result : watching(result, call.end);
    } catch (error) {
      call?.end(error);
      throw error;
    }
  };
}

function wrapConnect(calls: DatabaseCalls, connect: Method): Method {
  return function tracedConnect(this: unknown, ...args) {
    const [callback] = args;
    const { context } = calls;
    const settle = calls.waiting(() => databaseOf(poolParameters(this as Pool)));
    if (typeof callback === "function") {
      return connect.call(this, settling(context, callback as Callback, settle));
    }
    return watching(connect.apply(this, args), settle);
  };
}

/** Callbacks of `client.connect` run in their context too. */
function bindConnect(calls: DatabaseCalls, connect: Method): Method {
  return function boundConnect(this: unknown, ...args) {
    const [callback] = args;
    if (typeof callback !== "function") return connect.apply(this, args);
    return connect.call(this, inContext(calls.context, callback as Callback));
  };
}

function callsOf(tracing: Tracing): DatabaseCalls {
  return new DatabaseCalls(tracing, "pg", (error) => {
    // What the server says has a severity; the code of another error is that of the system.
    const { code, severity } = error as { code?: unknown; severity?: unknown };
    return typeof code === "string" && typeof severity === "string" ? code : undefined;
  });
}

interface Prototype {
  query: Method;
  connect: Method;
}
/** Both files export a class itself. */
const prototypeOf = (exports: unknown): Prototype =>
  (exports as { prototype: Prototype }).prototype;

/** Instrumentation of pg. */
export const instrumentation: Instrumentation = {
  name: "pg",
  modules: [
    {
      module: "pg",
      versions: ">=8.0.0 <9",
      file: "lib/client",
      patch(exports, _loaded, tracing) {
        const prototype = prototypeOf(exports);
        const calls = callsOf(tracing);
        wrapMethod(prototype, "query", (query) => wrapQuery(calls, query));
        wrapMethod(prototype, "connect", (connect) => bindConnect(calls, connect));
      },
    },
    {
      module: "pg-pool",
      versions: ">=2.0.0 <4",
      patch(exports, _loaded, tracing) {
        const prototype = prototypeOf(exports);
        wrapMethod(prototype, "connect", (connect) => wrapConnect(callsOf(tracing), connect));
      },
    },
  ],
};
