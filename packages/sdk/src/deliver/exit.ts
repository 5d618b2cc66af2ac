// The end of the process: nothing is lost, nothing is delayed for long, and the exit status is what it would be
// without us. What cannot be sent in time goes to the disk.

import type { Core } from "../core.ts";
import { activeContext, SUPPRESSED, spanOf, storage } from "../trace/context.ts";
import { fail } from "../trace/exception.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
type Listener = (...args: unknown[]) => void;

/** Own signal listeners, which nobody else may count: tools such as signal-exit act on the number. */
const hidden = new Set<unknown>();
/** While Node itself counts, to know whether anybody still wants the signal. */
let showAll = false;

/** Signals that a listener of the application was removed for within this turn of the loop. */
const heard = new Set<unknown>();

function hideListeners(): void {
  const { listeners, rawListeners, listenerCount } = process;
  const visible = (all: Listener[]): Listener[] =>
    showAll ? all : all.filter((each) => !hidden.has(each));
  process.prependListener("removeListener" as "exit", () => {
    showAll = true;
  });
  process.on("removeListener" as "exit", (name: unknown) => {
    showAll = false;
    if (!SIGNALS.includes(name as "SIGINT")) return;
    heard.add(name);
    process.nextTick(() => heard.delete(name));
  });
  process.listeners = ((name: string) =>
    visible(Reflect.apply(listeners, process, [name]) as Listener[])) as typeof listeners;
  process.rawListeners = (name: string) =>
    visible(Reflect.apply(rawListeners, process, [name]) as Listener[]);
  process.listenerCount = (name: string, listener?: Listener) => {
    if (listener !== undefined) return Reflect.apply(listenerCount, process, [name, listener]);
    return process.listeners(name as never).length;
  };
}

/** Without listeners of the application a signal ends the process: so it does, once all is sent. */
function endBySignal(core: Core, signal: NodeJS.Signals, own: Listener): void {
  const die = (): void => {
    core.spillAll(false);
    process.off(signal, own);
    process.kill(process.pid, signal);
  };
  if (ending) {
    die(); // whoever signals twice does not want to wait
    return;
  }
  ending = true;
  core.flush(core.patienceMs).then(die, die);
}

let ending = false;

function watchSignals(core: Core): () => void {
  if (hidden.size === 0) hideListeners();
  const listeners = SIGNALS.map((signal) => {
    const own: Listener = () => {
      // With others there, the end is theirs to decide; what is ready goes out meanwhile. One that wants a single
      // signal and came before us is not there any more.
      if (process.listenerCount(signal) > 0 || heard.has(signal)) core.seal();
      else endBySignal(core, signal, own);
    };
    hidden.add(own);
    process.on(signal, own);
    return [signal, own] as const;
  });
  return () => {
    for (const [signal, own] of listeners) {
      process.off(signal, own);
      hidden.delete(own);
    }
  };
}

/** Watches for the end of the process; returns what stops watching. */
export function watchExit(core: Core, isMainThread: boolean): () => void {
  let gaveUp = false;
  const beforeExit = (): void => {
    // The event comes again when the loop empties again; what could not be sent is left to `exit`.
    if (gaveUp || !core.pending) return;
    storage.run(SUPPRESSED, () => {
      void core.flush(core.patienceMs).then((complete) => {
        gaveUp = !complete;
      });
    });
  };
  const crash = (error: unknown): void => {
    const span = spanOf(activeContext());
    if (span !== undefined) fail(span, error);
  };
  // The loop is over: what can still be sent is sent by another thread while this one waits.
  const exit = (): void => core.spillAll(isMainThread);
  process.on("beforeExit", beforeExit);
  process.on("exit", exit);
  process.on("uncaughtExceptionMonitor", crash);
  const forgetSignals = isMainThread ? watchSignals(core) : () => {};
  return () => {
    process.off("beforeExit", beforeExit);
    process.off("exit", exit);
    process.off("uncaughtExceptionMonitor", crash);
    forgetSignals();
  };
}
