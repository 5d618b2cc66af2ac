// What clients of Redis share: commands without their arguments, which are data, keys included
// (semantic-conventions, docs/db/redis.md).

import { ROOT, spanOf } from "../trace/context.ts";
import type { Call, Database, DatabaseCalls, Query } from "./query-span.ts";

const MOST_ARGUMENTS = 10;
const MOST_COMMANDS = 20;

/** A command and how many arguments it has. */
export interface RedisCommand {
  readonly name: string;
  readonly count: number;
}

/** Where a client is connected to. */
export interface RedisPlace {
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  /** Index of the database. */
  readonly index?: number | undefined;
}

function databaseOf({ address, port, index }: RedisPlace): Database {
  return {
    system: "redis",
    namespace: index === undefined ? undefined : String(index),
    address,
    port,
  };
}

function textOf({ name, count }: RedisCommand): string {
  const shown = Math.min(count, MOST_ARGUMENTS);
  return `${name}${" ?".repeat(shown)}${shown < count ? " ..." : ""}`;
}

function queryOf(command: RedisCommand): Query {
  return { summary: command.name, operation: command.name, text: textOf(command) };
}

function batchOf(mode: string, commands: readonly RedisCommand[], batchSize: number): Query {
  const [first] = commands;
  const alike = first !== undefined && commands.every(({ name }) => name === first.name);
  const operation = alike ? `${mode} ${first.name}` : mode;
  const text = commands.slice(0, MOST_COMMANDS).map(textOf).join("; ");
  return { summary: operation, operation, text, batchSize };
}

/**
 * Whether there is a span to be part of. Clients ask for much on their own - is it ready, is there work in this
 * queue - and each would be a trace that nobody asked for.
 */
function isPartOfTrace(calls: DatabaseCalls): boolean {
  const { context } = calls;
  return context !== ROOT && spanOf(context) !== undefined;
}

/** Begins the call of one command. */
export function beginCommand(
  calls: DatabaseCalls,
  place: () => RedisPlace,
  command: () => RedisCommand,
): Call | undefined {
  if (!isPartOfTrace(calls)) return undefined;
  return calls.begin(
    () => databaseOf(place()),
    () => queryOf(command()),
  );
}

/** Begins the call of several commands that are sent together, which may be known by number only. */
export function beginBatch(
  calls: DatabaseCalls,
  place: () => RedisPlace,
  mode: string,
  size: number,
  commands: () => readonly RedisCommand[],
): Call | undefined {
  if (!isPartOfTrace(calls)) return undefined;
  return calls.begin(
    () => databaseOf(place()),
    () => batchOf(mode, commands(), size),
  );
}

/** The status of Redis' error replies: their first word, as in `WRONGTYPE Operation against ...`. */
export function redisStatus(error: object): string | undefined {
  const { message } = error as { message?: unknown };
  return typeof message === "string" ? /^([A-Z][A-Z_]{2,30}) /.exec(message)?.[1] : undefined;
}

/** The first error among answers; what a transaction answers is a list of them in the last. */
export function firstError(answers: unknown): unknown {
  return Array.isArray(answers) ? answers.find((each) => each instanceof Error) : undefined;
}
