// Part: commands, pipelines and transactions of node-redis: by its own channels where it has them, else by the queue that
// all its commands pass through.

import { tracingChannel } from "node:diagnostics_channel";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Call, DatabaseCalls, watching } from "../database/query-span.ts";
import {
  beginBatch,
  beginCommand,
  firstError,
  type RedisCommand,
  type RedisPlace,
  redisStatus,
} from "../database/redis.ts";
import { RedisStreams } from "../database/redis-streams.ts";
import type {
  Instrumentation,
  LoadedModule,
  ModulePatch,
  Tracing,
} from "../instrument/instrumentation.ts";
import { quietly } from "../instrument/server-request.ts";
import { type Method, wrapMethod } from "../messaging/patching.ts";

interface ChannelMessage {
  readonly command?: string;
  readonly args?: readonly unknown[];
  readonly batchMode?: string;
  readonly batchSize?: number;
  readonly database?: number;
  readonly serverAddress?: string;
  readonly serverPort?: number;
  readonly error?: unknown;
  readonly result?: unknown;
}
interface Client {
  readonly options?: {
    readonly database?: number;
    readonly socket?: { readonly host?: string; readonly port?: number; readonly path?: string };
  };
}
interface QueuedCommand {
  readonly args: readonly unknown[];
}
interface QueueOptions {
  readonly asap?: boolean;
  readonly chainId?: unknown;
}
type Prototype = Record<string, Method | undefined>;

const callsOf = (tracing: Tracing): DatabaseCalls =>
  new DatabaseCalls(tracing, "redis", redisStatus);

const placeTold = ({
  serverAddress: address,
  serverPort: port,
  database: index,
}: ChannelMessage) => ({
  address,
  port,
  index,
});

let listening = false;

function listen(tracing: Tracing): void {
  if (listening) return;
  listening = true;
  const calls = callsOf(tracing);
  const running = new WeakMap<object, Call>();
  const begin = (message: ChannelMessage): void => {
    const { command = "", args = [], batchMode = "PIPELINE", batchSize } = message;
    const place = (): RedisPlace => placeTold(message);
    const query = () => ({ name: command.toUpperCase(), count: Math.max(0, args.length - 1) });
    const call =
      batchSize === undefined
        ? beginCommand(calls, place, query)
        : beginBatch(calls, place, batchMode, batchSize, () => []);
    if (call !== undefined) running.set(message, call);
  };
  for (const kind of ["command", "batch"]) {
    const handle = (work: (message: ChannelMessage) => void) => (message: unknown) =>
      quietly(() => work(message as ChannelMessage));
    tracingChannel(`node-redis:${kind}`).subscribe({
      start: handle((message) => {
        if (kind === "batch" || message.batchSize === undefined) begin(message);
      }),
      end: () => {},
      asyncStart: () => {},
      error: handle((message) => running.get(message)?.end(message.error)),
      // The answers of a batch, among which may be errors, are seen by nobody else as its own.
      asyncEnd: handle((message) =>
        running.get(message)?.end(kind === "batch" ? firstError(message.result) : undefined),
      ),
    });
  }
}

/** The client that is just putting something into its queue. */
let current: Client | undefined;

function placeOfClient(client: Client | undefined): RedisPlace {
  const { database: index, socket } = client?.options ?? {};
  if (socket?.path !== undefined) return { address: socket.path, index };
  return { address: socket?.host ?? "localhost", port: socket?.port ?? 6379, index };
}

function asCurrent(method: Method): Method {
  return function currently(this: unknown, ...args) {
    const before = current;
    current = this as Client;
    try {
      return method.apply(this, args);
    } finally {
      current = before;
    }
  };
}

let inBatch = false;

/** Commands between MULTI and EXEC, which version 4 had among them at first. */
function inTransaction(list: readonly QueuedCommand[]): readonly QueuedCommand[] | undefined {
  return String(list[0]?.args[0]).toUpperCase() === "MULTI" ? list.slice(1, -1) : undefined;
}

function wrapBatch(
  calls: DatabaseCalls,
  method: Method,
  modeOf: (args: unknown[]) => string,
): Method {
  return function tracedBatch(this: unknown, ...args) {
    const list = args[0] as readonly QueuedCommand[];
    const transaction = inTransaction(list);
    const asked = transaction ?? list;
    const mode = transaction === undefined ? modeOf(args) : "MULTI";
    const call = beginBatch(
      calls,
      () => placeOfClient(this as Client),
      mode,
      asked.length,
      () => asked.map((each) => commandOf(each.args)),
    );
    const result = asBatch(() => method.apply(this, args));
    if (call === undefined) return result;
    return (result as Promise<unknown>).then(
      (answers) => {
        // Version 4 answers with what EXEC did last.
        call.end(firstError(answers) ?? (mode === "MULTI" ? firstError(lastOf(answers)) : null));
        return answers;
      },
      (error: unknown) => {
        call.end(error ?? new Error("rejected"));
        throw error;
      },
    );
  };
}

const lastOf = (answers: unknown): unknown => (Array.isArray(answers) ? answers.at(-1) : undefined);

function commandOf(args: readonly unknown[]): RedisCommand {
  return { name: String(args[0]).toUpperCase(), count: args.length - 1 };
}

/** Commands of streams, which carry messages; in all versions they pass through the queue. */
function wrapStreams(tracing: Tracing, addCommand: Method): Method {
  const streams = new RedisStreams(tracing, "redis");
  return function messageCommand(this: unknown, ...args) {
    const [given, ...rest] = args as [readonly unknown[], ...unknown[]];
    const [name, ...more] = given;
    const client = current;
    const stream =
      typeof name === "string" ? streams.begin(name, more, () => placeOfClient(client)) : undefined;
    if (stream === undefined) return addCommand.apply(this, args);
    const sent = [name, ...stream.args];
    const { settle, isMessage } = stream;
    const add = (): Promise<unknown> => addCommand.call(this, sent, ...rest) as Promise<unknown>;
    // In older versions this is where a span would be made for the command too.
    const result = isMessage ? asBatch(add) : add();
    return result.then(
      (answer) => {
        settle(undefined, answer);
        return answer;
      },
      (error: unknown) => {
        settle(error ?? new Error("rejected"), undefined);
        throw error;
      },
    );
  };
}

/** Runs what puts commands into the queue that have a span already. */
function asBatch<T>(work: () => T): T {
  const before = inBatch;
  inBatch = true;
  try {
    return work();
  } finally {
    inBatch = before;
  }
}

function wrapAddCommand(calls: DatabaseCalls, addCommand: Method): Method {
  return function tracedCommand(this: unknown, ...args) {
    const [given, options] = args as [readonly unknown[], QueueOptions | undefined];
    // Commands that go first are the handshake of a new connection.
    const own = options?.asap === true || options?.chainId !== undefined || inBatch;
    if (own) return addCommand.apply(this, args);
    const client = current;
    const call = beginCommand(
      calls,
      () => placeOfClient(client),
      () => commandOf(given),
    );
    const result = addCommand.apply(this, args);
    return call === undefined ? result : watching(result, call.end);
  };
}

/** Whether this version tells of its commands by itself. */
const tells = ({ folder }: LoadedModule): boolean =>
  existsSync(join(folder, "dist/lib/client/tracing.js"));

const prototypeOf = (exports: Record<string, unknown>): Prototype =>
  (exports["default"] as { prototype: Prototype }).prototype;

const patchQueue: ModulePatch["patch"] = (exports, loaded, tracing) => {
  const told = tells(loaded);
  if (told) listen(tracing);
  wrapMethod(prototypeOf(exports), "addCommand", (addCommand) =>
    wrapStreams(tracing, told ? addCommand : wrapAddCommand(callsOf(tracing), addCommand)),
  );
};

/** What sends several commands together. In version 4 one method does both: transactions have the id of a chain. */
const EXECUTORS: Readonly<Record<string, (args: unknown[]) => string>> = {
  multiExecutor: (args) => (args[2] === undefined ? "PIPELINE" : "MULTI"),
  _executeMulti: () => "MULTI",
  _executePipeline: () => "PIPELINE",
};

const patchClient: ModulePatch["patch"] = (exports, loaded, tracing) => {
  const prototype = prototypeOf(exports);
  wrapMethod(prototype, "sendCommand", asCurrent);
  const calls = callsOf(tracing);
  const told = tells(loaded);
  for (const [name, modeOf] of Object.entries(EXECUTORS)) {
    wrapMethod(prototype, name, (method) =>
      asCurrent(told ? method : wrapBatch(calls, method, modeOf)),
    );
  }
};

/** Version 4 hands its methods around when it loads, before they could be patched. */
const patchCommander: ModulePatch["patch"] = (exports) => {
  const { attachCommands } = exports as { attachCommands?: (config: { executor: Method }) => void };
  if (attachCommands === undefined) return;
  exports["attachCommands"] = (config: { executor: Method }) =>
    attachCommands({ ...config, executor: asCurrent(config.executor) });
};

const versions = ">=1.0.0 <7";

/** Instrumentation of node-redis, whose commands are in the package @redis/client since version 4. */
export const instrumentation: Instrumentation = {
  name: "redis",
  modules: [
    {
      module: "@redis/client",
      versions,
      file: "dist/lib/client/commands-queue",
      patch: patchQueue,
    },
    { module: "@redis/client", versions, file: "dist/lib/client/index", patch: patchClient },
    {
      module: "@redis/client",
      versions: ">=1.0.0 <2",
      file: "dist/lib/commander",
      patch: patchCommander,
    },
  ],
};
