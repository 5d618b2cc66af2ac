// Part: commands, pipelines and transactions of ioredis. Patched rather than heard on its channels, which only the latest
// versions have, and which tell only of the time after a command has left the queue of a client not yet connected.

import type { Context } from "@opentelemetry/api";
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
import type { Instrumentation, ModulePatch, Tracing } from "../instrument/instrumentation.ts";
import { type Method, wrapMethod } from "../messaging/patching.ts";

interface Command {
  readonly name: string;
  args: readonly unknown[];
  transformReply(value: unknown): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}
interface Redis {
  readonly options?: { host?: string; port?: number; path?: string; db?: number };
  readonly condition?: { select?: number } | null;
  readonly status?: string;
  /** Of a cluster, whose nodes are clients of their own. */
  readonly isCluster?: boolean;
}
interface Pipeline {
  readonly redis: Redis;
  readonly _queue: readonly Command[];
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** What a client says by itself before it is ready. */
const HANDSHAKE: ReadonlySet<string> = new Set([
  "auth",
  "client",
  "hello",
  "info",
  "readonly",
  "select",
]);
/** Commands and pipelines that were noticed, with their calls where they have one. */
const seen = new WeakMap<object, Call | undefined>();
/** Where commands of streams were put into a pipeline, which may be sent from elsewhere. */
const contexts = new WeakMap<Command, Context>();

function placeOf({ options, condition, isCluster }: Redis): RedisPlace {
  // Which node is asked is known when the command leaves.
  if (isCluster === true) return {};
  const index = condition?.select ?? options?.db;
  if (options?.path !== undefined) return { address: options.path, index };
  return { address: options?.host ?? "localhost", port: options?.port ?? 6379, index };
}

const commandOf = ({ name, args }: Command): RedisCommand => ({
  name: name.toUpperCase(),
  count: args.length,
});

/** The first error among the answers of a pipeline: pairs of an error and a value. */
function errorAmong(answers: unknown, isTransaction: boolean): unknown {
  if (!Array.isArray(answers)) return undefined;
  const pairs = answers.filter((each): each is unknown[] => Array.isArray(each));
  const error = firstError(pairs.map((pair) => pair[0]));
  return error ?? (isTransaction ? firstError(pairs.at(-1)?.[1]) : undefined);
}

/** Ends `call` when the promise of `work` is settled, of which nobody notices anything. */
function watchSettling(
  work: Pick<Command, "resolve" | "reject">,
  call: Call,
  errorIn: (value: unknown) => unknown = () => undefined,
): void {
  const { resolve, reject } = work;
  work.resolve = function resolved(value) {
    call.end(errorIn(value));
    resolve.call(this, value);
  };
  work.reject = function rejected(error) {
    call.end(error ?? new Error("rejected"));
    reject.call(this, error);
  };
}

/** Begins the message that a command of a stream is. */
function beginStream(streams: RedisStreams, redis: Redis, command: Command): boolean {
  const stream = streams.begin(command.name.toUpperCase(), command.args, () => placeOf(redis));
  if (stream === undefined) return false;
  command.args = stream.args;
  const { reject, transformReply } = command;
  // The answer as the program gets it: what comes from the server differs with the protocol's version.
  command.transformReply = function transformed(value) {
    const answer = transformReply.call(this, value);
    stream.settle(undefined, answer);
    return answer;
  };
  command.reject = function rejected(error) {
    stream.settle(error ?? new Error("rejected"), undefined);
    reject.call(this, error);
  };
  return stream.isMessage;
}

function wrapSendCommand(calls: DatabaseCalls, sendCommand: Method, tracing: Tracing): Method {
  const streams = new RedisStreams(tracing, "ioredis");
  return function tracedCommand(this: unknown, ...args) {
    const redis = this as Redis;
    const [command, stream] = args as [Command, unknown];
    // A command comes here again when the client is ready, or connected anew, and from a cluster at each node.
    if (seen.has(command)) {
      seen.get(command)?.sentTo(placeOf(redis));
      return sendCommand.apply(this, args);
    }
    seen.set(command, undefined);
    if (redis.status !== "ready" && HANDSHAKE.has(command.name)) {
      return sendCommand.apply(this, args);
    }
    const context = contexts.get(command) ?? calls.context;
    const isMessage = tracing.run(context, () => beginStream(streams, redis, command));
    // Commands that come with a stream are of a pipeline, which has a span for all of them.
    if (!isMessage && stream === undefined) {
      const call = beginCommand(
        calls,
        () => placeOf(redis),
        () => commandOf(command),
      );
      if (call !== undefined) {
        seen.set(command, call);
        watchSettling(command, call);
      }
    }
    return sendCommand.apply(this, args);
  };
}

function wrapQueueCommand(calls: DatabaseCalls, queueCommand: Method): Method {
  return function queuedCommand(this: unknown, ...args) {
    const [command] = args as [Command];
    if (command.name.startsWith("x")) contexts.set(command, calls.context);
    return queueCommand.apply(this, args);
  };
}

function wrapExec(calls: DatabaseCalls, exec: Method): Method {
  return function tracedExec(this: unknown, ...args) {
    const pipeline = this as Pipeline & { _transactions?: number };
    // The first `exec` of a transaction only puts the command into the queue.
    const pending = (pipeline._transactions ?? 0) > 0;
    if (pending || seen.has(pipeline) || pipeline._queue.length === 0 || isAutomatic(pipeline))
      return exec.apply(this, args);
    const all = pipeline._queue.map(commandOf);
    const commands = all.filter(({ name }) => name !== "MULTI" && name !== "EXEC");
    const isTransaction = commands.length < all.length;
    const call = beginBatch(
      calls,
      () => placeOf(pipeline.redis),
      isTransaction ? "MULTI" : "PIPELINE",
      commands.length,
      () => commands,
    );
    seen.set(pipeline, call);
    if (call !== undefined) {
      watchSettling(pipeline, call, (answers) => errorAmong(answers, isTransaction));
    }
    return exec.apply(this, args);
  };
}

/** The member of pipelines that ioredis makes by itself. */
let callbacksKey: symbol | undefined;

function isAutomatic(pipeline: object): boolean {
  return callbacksKey !== undefined && callbacksKey in pipeline;
}

type AutoPipeline = (
  client: Redis,
  functionName: string,
  commandName: string,
  args: readonly unknown[],
  callback?: unknown,
) => unknown;

/** Commands that ioredis gathers by itself belong to who asked each, not to who happened to be the first. */
const patchAutoPipelining: ModulePatch["patch"] = (exports, _loaded, tracing) => {
  const name = "executeWithAutoPipelining";
  const execute = exports[name] as AutoPipeline | undefined;
  if (execute === undefined) return;
  callbacksKey = exports["kCallbacks"] as symbol | undefined;
  const calls = callsOf(tracing);
  const traced: AutoPipeline = (client, functionName, commandName, args, callback) => {
    const call = beginCommand(
      calls,
      () => placeOf(client),
      () => ({ name: commandName.toUpperCase(), count: args.flat().length }),
    );
    const result = execute(client, functionName, commandName, args, callback);
    if (call === undefined) return result;
    const watched = watching(result, call.end);
    if (typeof callback !== "function") return watched;
    // With a callback the error is heard already, and nobody listens to the promise.
    (watched as Promise<unknown>).catch(() => {});
    return result;
  };
  exports[name] = traced;
};

const callsOf = (tracing: Tracing): DatabaseCalls =>
  new DatabaseCalls(tracing, "ioredis", redisStatus);

function patchMethod(
  name: string,
  wrap: (calls: DatabaseCalls, method: Method, tracing: Tracing) => Method,
): ModulePatch["patch"] {
  return (exports, _loaded, tracing) => {
    const { prototype } = (exports["default"] ?? exports) as { prototype: Record<string, Method> };
    wrapMethod(prototype, name, (method) => wrap(callsOf(tracing), method, tracing));
  };
}

const patchPipeline: ModulePatch["patch"] = (...all) => {
  patchMethod("exec", wrapExec)(...all);
  patchMethod("sendCommand", wrapQueueCommand)(...all);
};

const files = (module: string, names: readonly string[], patch: ModulePatch["patch"]) =>
  names.map((file) => ({ module, versions: ">=4.0.0 <7", file, patch }));

/** Instrumentation of ioredis. */
export const instrumentation: Instrumentation = {
  name: "ioredis",
  modules: [
    ...files(
      "ioredis",
      ["built/Redis", "built/redis", "built/redis/index", "built/cluster/index"],
      patchMethod("sendCommand", wrapSendCommand),
    ),
    ...files("ioredis", ["built/Pipeline", "built/pipeline"], patchPipeline),
    ...files("ioredis", ["built/autoPipelining"], patchAutoPipelining),
  ],
};
