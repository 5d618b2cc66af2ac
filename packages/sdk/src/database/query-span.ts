// Spans of calls to databases, by the stable conventions (semantic-conventions, docs/db/database-spans.md).

import type { Attributes, Context, SpanKind } from "@opentelemetry/api";
import { complain } from "../complaints.ts";
import { addFirst } from "../instrument/first-attributes.ts";
import type { Tracing } from "../instrument/instrumentation.ts";
import { quietly } from "../instrument/server-request.ts";
import { monotonicMs } from "../trace/clock.ts";
import { contextWithSpan, isSuppressed, storage } from "../trace/context.ts";
import { errorType } from "../trace/exception.ts";
import { RecordingSpan } from "../trace/span.ts";
import type { ClewTracer } from "../trace/tracer.ts";
import type { Statement } from "./sql.ts";

const INTERNAL: SpanKind = 0;
const CLIENT: SpanKind = 2;
const ERROR = 2;
/** Waiting for a connection is told from this on, milliseconds: below it the pool had one. */
const LEAST_WAIT_MS = 1;

/** The database that is asked. */
export interface Database {
  readonly system: string;
  readonly namespace?: string | undefined;
  readonly address?: string | undefined;
  readonly port?: number | undefined;
}

/** What is asked of it. */
export interface Query {
  /** Becomes the span's name; the system's name where there is none. */
  readonly summary?: string | undefined;
  readonly text?: string | undefined;
  readonly operation?: string | undefined;
  readonly collection?: string | undefined;
  /** Operations in a batch, when it is one. */
  readonly batchSize?: number | undefined;
}

/** A read statement as a query. */
export function queryOf(statement: Statement): Query {
  const { summary, text, operation, table } = statement;
  return { summary, text, operation, collection: table };
}

function databaseAttributes(database: Database): Attributes {
  const { system, namespace, address, port } = database;
  return {
    "db.system.name": system,
    "db.namespace": namespace === "" ? undefined : namespace,
    "server.address": address,
    "server.port": port,
  };
}

function queryAttributes(query: Query): Attributes {
  const { text, operation, collection, batchSize, summary } = query;
  return {
    "db.query.text": text === "" ? undefined : text,
    "db.query.summary": summary === "" ? undefined : summary,
    "db.operation.name": operation,
    "db.collection.name": collection,
    "db.operation.batch.size": batchSize !== undefined && batchSize > 1 ? batchSize : undefined,
  };
}

/** A call that is on its way. */
export interface Call {
  /** The context of the caller, in which its callbacks run. */
  readonly context: Context;
  /** The context of the call itself. */
  readonly inner: Context;
  /** Says who is asked after all, where that is known only when the call leaves. */
  readonly sentTo: (place: Pick<Database, "address" | "port">) => void;
  /** Ends the call; anything but `undefined` and `null` is its error. Later calls do nothing. */
  readonly end: (error?: unknown) => void;
}

/** Calls of one library. */
export class DatabaseCalls {
  readonly #tracing: Tracing;
  readonly #tracer: ClewTracer;
  /** The status of an error as the database names it. */
  readonly #statusOf: (error: object) => string | number | undefined;

  constructor(
    tracing: Tracing,
    library: string,
    statusOf: (error: object) => string | number | undefined,
  ) {
    this.#tracing = tracing;
    this.#tracer = tracing.tracer(`@clew/sdk/${library}`);
    this.#statusOf = statusOf;
  }

  get context(): Context {
    return this.#tracing.active();
  }

  /** Begins a call, when one is to be traced. Never throws. */
  begin(database: () => Database, query: () => Query): Call | undefined {
    try {
      return this.#begin(database, query);
    } catch (error) {
      complain(`a database call is not traced: ${String(error)}`);
      return undefined;
    }
  }

  #begin(database: () => Database, query: () => Query): Call | undefined {
    const context = this.#tracing.active();
    if (isSuppressed(context)) return undefined;
    let known: Attributes | undefined;
    const attributes = (): Attributes => {
      known ??= { ...databaseAttributes(database()), ...queryAttributes(query()) };
      return known;
    };
    const span = this.#tracer.begin("query", CLIENT, context, undefined, attributes);
    if (!(span instanceof RecordingSpan)) return undefined;
    const own = attributes();
    addFirst(span, own);
    span.name = String(own["db.query.summary"] ?? own["db.system.name"]);
    return {
      context,
      inner: contextWithSpan(context, span),
      sentTo: ({ address, port }) => {
        if (!span.isRecording()) return;
        span.put("server.address", address);
        span.put("server.port", port);
      },
      end: (error) => this.#end(span, error),
    };
  }

  #end(span: RecordingSpan, error: unknown): void {
    if (!span.isRecording()) return;
    if (error !== undefined && error !== null) quietly(() => this.#fail(span, error));
    span.end();
  }

  #fail(span: RecordingSpan, error: unknown): void {
    const status = typeof error === "object" && error !== null ? this.#statusOf(error) : undefined;
    const text = status === undefined ? undefined : String(status);
    if (text !== undefined) span.put("db.response.status_code", text);
    span.put("error.type", text ?? errorType(error));
    span.recordException(error as Error);
    span.setStatus({
      code: ERROR,
      message: error instanceof Error ? error.message : String(error),
    });
  }

  /** Notes how long a connection is waited for: a span of its own, so that queries are not blamed for it. */
  waiting(database: () => Database): (error?: unknown) => void {
    const context = this.#tracing.active();
    if (isSuppressed(context)) return () => {};
    const startMs = monotonicMs();
    return (error) =>
      quietly(() => {
        const failed = error !== undefined && error !== null;
        if (!failed && monotonicMs() - startMs < LEAST_WAIT_MS) return;
        const attributes = (): Attributes => databaseAttributes(database());
        const startTime = startMs;
        const name = "wait for a connection";
        const span = this.#tracer.begin(name, INTERNAL, context, { startTime }, attributes);
        if (!(span instanceof RecordingSpan)) return;
        addFirst(span, attributes());
        this.#end(span, error);
      });
  }
}

/** `callback` in the context of its caller, after `settle` has seen its first argument. Keeps its length. */
export function settling(
  context: Context,
  callback: (...args: unknown[]) => unknown,
  settle: (error: unknown) => void,
): (...args: unknown[]) => unknown {
  const settled = function settled(this: unknown, ...args: unknown[]): unknown {
    settle(args[0]);
    return storage.run(context, () => callback.apply(this, args));
  };
  Object.defineProperty(settled, "length", { configurable: true, value: callback.length });
  return settled;
}

/** What stands for `result`: where that is a promise, one whose outcome `settle` sees first. */
export function watching(result: unknown, settle: (error?: unknown) => void): unknown {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== "function") return result;
  return (result as PromiseLike<unknown>).then(
    (value) => {
      settle();
      return value;
    },
    (error: unknown) => {
      settle(error ?? new Error("rejected without a reason"));
      throw error;
    },
  );
}
