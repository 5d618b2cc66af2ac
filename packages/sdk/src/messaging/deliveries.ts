// Spans of deliveries that a handler works on: when each of them ends.

import { clearTimeout, setTimeout } from "node:timers";
import { storage } from "../trace/context.ts";
import type { Begun } from "./operation.ts";
import { endBegun, isThenable } from "./run.ts";
import { whenHandled } from "./unheard.ts";

/** A message whose handler never acknowledges it is given up after this. */
const MOST_MS = 60_000;

interface Open {
  readonly begun: Begun;
  /** Gives the message up; absent while the handler runs. */
  timer: NodeJS.Timeout | undefined;
  settled: boolean;
}

/**
 * Deliveries of one channel. The span of one ends with the promise that its handler returns; without one, when the
 * handler has returned and the message is settled (acknowledged, refused, or lost with the channel).
 */
export class Deliveries {
  readonly #open = new Map<number, Open>();

  /** Runs a handler whose message is settled under `tag`. */
  handle<T>(tag: number, begun: Begun, handler: unknown, work: () => T): T {
    // Known before the handler runs, which may settle at once.
    const open: Open = { begun, timer: undefined, settled: false };
    this.#open.set(tag, open);
    let result: T;
    try {
      result = storage.run(begun.context, work);
    } catch (error) {
      this.#open.delete(tag);
      endBegun(begun, { error });
      throw error;
    }
    if (isThenable(result)) {
      this.#open.delete(tag);
      return whenHandled(handler, result, (failure) => endBegun(begun, failure));
    }
    if (open.settled) this.#end(tag, open);
    else open.timer = setTimeout(() => this.#end(tag, open), MOST_MS).unref();
    return result;
  }

  /** A message is settled, or all up to it. */
  settle(tag: number, upTo: boolean): void {
    const tags = upTo ? [...this.#open.keys()].filter((each) => each <= tag) : [tag];
    for (const each of tags) {
      const found = this.#open.get(each);
      if (found === undefined) continue;
      found.settled = true;
      if (found.timer !== undefined) this.#end(each, found);
    }
  }

  #end(tag: number, open: Open): void {
    clearTimeout(open.timer);
    this.#open.delete(tag);
    open.begun.span.end();
  }
}
