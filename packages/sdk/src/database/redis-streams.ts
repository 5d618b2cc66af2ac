// Redis streams as messages, for the clients of Redis: an XADD is a message that is sent, with the context in fields of
// its own, and entries that are read have a span with links to where they were added.

import type { Tracing } from "../instrument/instrumentation.ts";
import { quietly } from "../instrument/server-request.ts";
import { redisEntry } from "../messaging/incoming.ts";
import { Messaging } from "../messaging/operation.ts";
import {
  beginStreamAdd,
  noteStreamRead,
  type StreamEntry,
  type StreamRead,
  streamRead,
} from "../parts/redis-streams.ts";
import { running } from "../sdk.ts";
import { monotonicMs } from "../trace/clock.ts";
import { isSuppressed, spanOf } from "../trace/context.ts";
import { fail } from "../trace/exception.ts";
import type { RedisPlace } from "./redis.ts";

/** Name under which it can be disabled, where readers are not to see further fields. */
const NAME = "redis-streams";

/** A command of a stream that is on its way. */
export interface StreamCommand {
  /** What to send, without the command's name. */
  readonly args: unknown[];
  /** Whether its span stands for that of the command. */
  readonly isMessage: boolean;
  settle(error: unknown, answer: unknown): void;
}

/** Streams as one client sees them. */
export class RedisStreams {
  readonly #tracing: Tracing;
  readonly #messaging: Messaging;

  constructor(tracing: Tracing, library: string) {
    this.#tracing = tracing;
    this.#messaging = new Messaging(tracing, `@clew/sdk/${library}`);
  }

  /** Begins the spans of a command when it has to do with messages. Never throws. */
  begin(
    name: string,
    args: readonly unknown[],
    place: () => RedisPlace,
  ): StreamCommand | undefined {
    if (!name.startsWith("X")) return undefined;
    const read = streamRead(name, args);
    if (name !== "XADD" && read === undefined) return undefined;
    let begun: StreamCommand | undefined;
    quietly(() => {
      if (running()?.settings.disabledInstrumentations.includes(NAME) === true) return;
      if (isSuppressed(this.#tracing.active())) return;
      begun = read === undefined ? this.#add(args, place()) : this.#read(args, read);
    });
    return begun;
  }

  #add(args: readonly unknown[], { address, port }: RedisPlace): StreamCommand | undefined {
    const add = beginStreamAdd(this.#messaging, args, { address, port });
    if (add === undefined) return undefined;
    const { span } = add.begun;
    const settle = (error: unknown): void => {
      if (error !== undefined) fail(span, error);
      span.end();
    };
    return { args: add.args, isMessage: true, settle };
  }

  #read(args: readonly unknown[], read: StreamRead): StreamCommand {
    const startMs = monotonicMs();
    const context = this.#tracing.active();
    const settle = (_error: unknown, answer: unknown): void =>
      quietly(() => {
        const entries = read.entries(answer);
        if (spanOf(context) === undefined && !this.#isLinked(entries)) return;
        this.#tracing.run(context, () =>
          noteStreamRead(this.#messaging, entries, startMs, read.group),
        );
      });
    return { args: [...args], isMessage: false, settle };
  }

  /** Whether an entry comes out of a trace. Others are read by the thousand outside of any. */
  #isLinked(entries: readonly StreamEntry[]): boolean {
    return entries.some(({ stream, id, fields }) => {
      const carried = this.#messaging.carried(redisEntry(stream, id, fields));
      return spanOf(carried) !== undefined;
    });
  }
}
