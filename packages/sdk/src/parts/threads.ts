// Part: threads hand what they have not sent over to the main thread when they end, whose tracer sends it: a thread that
// is terminated has no time for requests, and one may run without a disk. A `terminate()` waits until the thread has
// done so, for a moment at most, since a thread that does not come back to its loop hears nothing.

import { clearTimeout, setTimeout } from "node:timers";
import { BroadcastChannel, receiveMessageOnPort, threadId, Worker } from "node:worker_threads";
import type { Core } from "../core.ts";
import type { Batch } from "../deliver/batch.ts";
import { SUPPRESSED, storage } from "../trace/context.ts";

const CHANNEL = "clew.sdk.threads";
/** Longest time that a terminate() waits for the thread, milliseconds. */
const PATIENCE_MS = 100;

/** What threads and the main thread tell each other; `thread` is the one that it is about. */
interface Note {
  readonly kind: "begins" | "end" | "ended" | "batches";
  readonly thread: number;
  readonly batches?: readonly Batch[];
}

function openChannel(): BroadcastChannel {
  const channel = new BroadcastChannel(CHANNEL);
  channel.unref();
  return channel;
}

/** Batches lose the class of their buffers on the way. */
function received(batch: Batch): Batch {
  const buffer = (bytes: Uint8Array | undefined): Buffer | undefined =>
    bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return { ...batch, important: buffer(batch.important), ordinary: buffer(batch.ordinary) };
}

/** In a thread: what is left at its end goes to the main thread. Returns what stops that. */
export function joinMainThread(core: Core): () => void {
  const channel = openChannel();
  const tell = (note: Omit<Note, "thread">): void =>
    channel.postMessage({ ...note, thread: threadId });
  core.heir = (batches) => tell({ kind: "batches", batches });
  channel.onmessage = ({ data }: { readonly data: unknown }) => {
    const note = data as Note;
    if (note.kind !== "end" || note.thread !== threadId) return;
    core.spillAll(false);
    tell({ kind: "ended" });
  };
  tell({ kind: "begins" });
  return () => {
    core.heir = undefined;
    channel.close();
  };
}

/** In the main thread: takes what threads leave, and lets them know of their end. */
class Threads {
  readonly #core: Core;
  readonly #channel: BroadcastChannel = openChannel();
  /** Threads with a tracer. */
  readonly #traced = new Set<number>();
  /** Called when the thread has handed over what it had. */
  readonly #waiting = new Map<number, () => void>();

  constructor(core: Core) {
    this.#core = core;
    this.#channel.onmessage = ({ data }: { readonly data: unknown }) => this.#take(data as Note);
  }

  #take({ kind, thread, batches = [] }: Note): void {
    if (kind === "begins") this.#traced.add(thread);
    for (const batch of batches) this.#core.takeOver(received(batch));
    if (kind !== "ended") return;
    this.#traced.delete(thread);
    this.#waiting.get(thread)?.();
  }

  /** What has come and was not looked at: the process ends. */
  takeAll(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#take(next);
  }

  #next(): Note | undefined {
    return receiveMessageOnPort(this.#channel as never)?.message as Note | undefined;
  }

  /** Resolves when the thread has handed over what it had; `undefined` when it has no tracer. */
  end(thread: number): Promise<void> | undefined {
    this.takeAll();
    if (!this.#traced.delete(thread)) return undefined;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(thread);
        resolve();
      };
      const timer = setTimeout(done, PATIENCE_MS);
      this.#waiting.set(thread, done);
      this.#channel.postMessage({ kind: "end", thread } satisfies Note);
    });
  }

  close(): void {
    this.#channel.close();
  }
}

/** In the main thread, from its first thread on. Returns what stops it. */
export function heirOfThreads(core: Core): () => void {
  const threads = storage.run(SUPPRESSED, () => new Threads(core));
  core.beforeSpill = () => threads.takeAll();
  const { prototype } = Worker;
  const { terminate } = prototype;
  const patched = function terminateWhenTold(this: Worker): Promise<number> {
    const end = (): Promise<number> => Reflect.apply(terminate, this, []);
    const told =
      this.threadId > 0 ? storage.run(SUPPRESSED, () => threads.end(this.threadId)) : undefined;
    return told === undefined ? end() : told.then(end);
  };
  prototype.terminate = patched;
  return () => {
    if (prototype.terminate === patched) prototype.terminate = terminate;
    core.beforeSpill = undefined;
    threads.close();
  };
}
