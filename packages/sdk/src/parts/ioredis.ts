// Part: commands, pipelines and transactions of ioredis. Patched rather than heard on its channels, which only the latest
// versions have, and which tell only of the time after a command has left the queue of a client not yet connected.

import { type Call, DatabaseCalls } from "../database/query-span.ts";
import { beginBatch, beginCommand, type RedisCommand, redisStatus } from "../database/redis.ts";
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
const seen = new WeakSet<object>();

function placeOf({ options, condition }: Redis) {
  const index = condition?.select ?? options?.db;
  if (options?.path !== undefined) return { address: options.path, index };
  return { address: options?.host ?? "localhost", port: options?.port ?? 6379, index };
}

const commandOf = ({ name, args }: Command): RedisCommand => ({
  name: name.toUpperCase(),
  count: args.length,
});

/** The first error among the answers of a pipeline: pairs of an error and a value. */
function errorAmong(answers: unknown): unknown {
  if (!Array.isArray(answers)) return undefined;
  const found = answers.find((each) => Array.isArray(each) && each[0] instanceof Error) as
    | unknown[]
    | undefined;
  return found?.[0];
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
    // A command comes here again when the client is ready, or connected anew.
    const first = !seen.has(command);
    if (first) seen.add(command);
    const own = redis.status !== "ready" && HANDSHAKE.has(command.name);
    if (!first || own) return sendCommand.apply(this, args);
    // Commands that come with a stream are of a pipeline, which has a span for all of them.
    if (!beginStream(streams, redis, command) && stream === undefined) {
      const call = beginCommand(
        calls,
        () => placeOf(redis),
        () => commandOf(command),
      );
      if (call !== undefined) watchSettling(command, call);
    }
    return sendCommand.apply(this, args);
  };
}

function wrapExec(calls: DatabaseCalls, exec: Method): Method {
  return function tracedExec(this: unknown, ...args) {
    const pipeline = this as Pipeline & { _transactions?: number };
    // The first `exec` of a transaction only puts the command into the queue.
    const pending = (pipeline._transactions ?? 0) > 0;
    if (pending || seen.has(pipeline) || pipeline._queue.length === 0)
      return exec.apply(this, args);
    seen.add(pipeline);
    const all = pipeline._queue.map(commandOf);
    const commands = all.filter(({ name }) => name !== "MULTI" && name !== "EXEC");
    const mode = commands.length < all.length ? "MULTI" : "PIPELINE";
    const call = beginBatch(
      calls,
      () => placeOf(pipeline.redis),
      mode,
      commands.length,
      () => commands,
    );
    if (call !== undefined) watchSettling(pipeline, call, errorAmong);
    return exec.apply(this, args);
  };
}

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

const files = (module: string, names: readonly string[], patch: ModulePatch["patch"]) =>
  names.map((file) => ({ module, versions: ">=4.0.0 <7", file, patch }));

/** Instrumentation of ioredis. */
export const instrumentation: Instrumentation = {
  name: "ioredis",
  modules: [
    ...files(
      "ioredis",
      ["built/Redis", "built/redis/index"],
      patchMethod("sendCommand", wrapSendCommand),
    ),
    ...files("ioredis", ["built/Pipeline", "built/pipeline"], patchMethod("exec", wrapExec)),
  ],
};
