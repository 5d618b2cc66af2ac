// Part: commands of the MongoDB driver, where they leave on a connection: what was waited for it before is not in their
// time. Of a command its shape is kept, never a value (semantic-conventions, docs/db/mongodb.md).

import { DatabaseCalls, type Query } from "../database/query-span.ts";
import { parseHost } from "../instrument/http-common.ts";
import type { Instrumentation, ModulePatch } from "../instrument/instrumentation.ts";
import { quietly } from "../instrument/server-request.ts";
import { type Method, wrapMethod } from "../messaging/patching.ts";

const MOST_CHARACTERS = 2048;
const MOST_DEPTH = 8;
const MOST_VALUES = 500;

interface Connection {
  readonly address?: string;
}
interface Namespace {
  readonly db?: string;
}
type Document = Readonly<Record<string, unknown>>;
type Command = (this: Connection, ...args: unknown[]) => Promise<unknown>;

/** What the driver says by itself: who are you, here I am, I am gone. */
const OWN: ReadonlySet<string> = new Set([
  "hello",
  "ismaster",
  "isMaster",
  "ping",
  "saslStart",
  "saslContinue",
  "authenticate",
  "getnonce",
  "endSessions",
  "killCursors",
]);
/** Members of commands that say what is looked for; the others are data or protocol. */
const TELLING = ["filter", "query", "q", "pipeline", "sort", "key", "projection"];
/** Members that hold several operations, with the name of the telling one within them. */
const BATCHES = ["documents", "updates", "deletes"];

/** How much of a command is still to be told. A document may hold itself, which only the driver refuses. */
interface Budget {
  values: number;
}

/** `value` with `?` for everything that is no key. */
function shapeOf(value: unknown, depth: number, budget: Budget): unknown {
  if (depth > MOST_DEPTH || --budget.values < 0) return "?";
  if (Array.isArray(value)) {
    // Lists of values say nothing by their length; stages and alternatives differ.
    const shapes = value.slice(0, 20).map((each) => shapeOf(each, depth + 1, budget));
    return shapes.every((shape) => shape === "?") ? "?" : shapes;
  }
  // The driver makes the order of a sort sure with a map.
  if (value instanceof Map) return shapeOf(Object.fromEntries(value), depth, budget);
  const plain = typeof value === "object" && value !== null && isPlain(value);
  if (!plain) return "?";
  const shape: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (budget.values <= 0) break;
    const each = (value as Document)[key];
    Object.defineProperty(shape, key, {
      enumerable: true,
      value: shapeOf(each, depth + 1, budget),
    });
  }
  return shape;
}

/** Objects of the program's own, unlike an ObjectId or a Date. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function batchOf(command: Document): readonly unknown[] | undefined {
  for (const name of BATCHES) {
    const given = command[name] as { documents?: unknown } | undefined;
    // Newer versions hold them in a sequence, together with their bytes.
    const list = Array.isArray(given) ? given : given?.documents;
    if (Array.isArray(list)) return list as unknown[];
  }
  return undefined;
}

function textOf(operation: string, collection: string | undefined, command: Document): string {
  const [first] = batchOf(command) ?? [];
  const source = { ...(command["documents"] === undefined ? (first as Document) : {}), ...command };
  const told = TELLING.filter((name) => source[name] !== undefined);
  const budget = { values: MOST_VALUES };
  const shape = told.map((name) => [name, shapeOf(source[name], 0, budget)] as const);
  const text = JSON.stringify({ [operation]: collection ?? "?", ...Object.fromEntries(shape) });
  return text.slice(0, MOST_CHARACTERS);
}

function queryOf(command: Document): Query {
  const [operation = "command"] = Object.keys(command);
  const named = command[operation];
  const collection = operation === "getMore" ? command["collection"] : named;
  const name = typeof collection === "string" ? collection : undefined;
  return {
    operation,
    collection: name,
    summary: name === undefined ? operation : `${operation} ${name}`,
    text: textOf(operation, name, command),
    batchSize: batchOf(command)?.length,
  };
}

function databaseOf({ address = "" }: Connection, { db: namespace }: Namespace) {
  if (address.includes("/")) return { system: "mongodb", namespace, address };
  const { host, port } = parseHost(address);
  return { system: "mongodb", namespace, address: host, port };
}

/** A reply that newer versions leave in its bytes. */
interface RawReply {
  has?(name: string): boolean;
  toObject?(): Document;
}

/** The first refused operation of a batch, which the command itself survives. */
function refusedIn(reply: RawReply | undefined): unknown {
  const isRaw = typeof reply?.has === "function" && typeof reply.toObject === "function";
  if (isRaw && reply.has?.("writeErrors") !== true) return undefined;
  const { writeErrors } = ((isRaw ? reply.toObject?.() : reply) ?? {}) as { writeErrors?: unknown };
  if (!Array.isArray(writeErrors) || writeErrors.length === 0) return undefined;
  const { code } = writeErrors[0] as { code?: unknown };
  // The server's words about it quote the data.
  return Object.assign(new Error("refused by the server"), { name: "MongoServerError", code });
}

const patch: ModulePatch["patch"] = (exports, _loaded, tracing) => {
  const { prototype } = exports["Connection"] as { prototype: unknown };
  const calls = new DatabaseCalls(tracing, "mongodb", (error) => {
    const { code } = error as { code?: unknown };
    return typeof code === "number" ? code : undefined;
  });
  const trace = (command: Command): Command =>
    function tracedCommand(this: Connection, ...args) {
      const [namespace, document] = args as [Namespace, Document];
      const [operation = ""] = Object.keys(document);
      if (OWN.has(operation)) return command.apply(this, args);
      const call = calls.begin(
        () => databaseOf(this, namespace),
        () => queryOf(document),
      );
      const reply = command.apply(this, args);
      if (call === undefined) return reply;
      return reply.then(
        (value) => {
          quietly(() => call.end(refusedIn(value as RawReply | undefined)));
          return value;
        },
        (error: unknown) => {
          call.end(error ?? new Error("rejected"));
          throw error;
        },
      );
    };
  wrapMethod(prototype, "command", (command) => trace(command as Command) as Method);
};

/** Instrumentation of the MongoDB driver. */
export const instrumentation: Instrumentation = {
  name: "mongodb",
  modules: [{ module: "mongodb", versions: ">=6.0.0 <8", file: "lib/cmap/connection", patch }],
};
