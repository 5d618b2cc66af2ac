// Threads and the main thread as one sender: see parts/threads.ts, which is loaded with the first thread.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";
import type { ExportSettings } from "../config/settings.ts";
import type { Core } from "../core.ts";
import { loadPart } from "../load-part.ts";
import { backendKey } from "./backend-key.ts";

/** Under it threads find out which backend the main thread sends to. */
const BACKEND = "clew.sdk.backend";
/** Node's own channel, told of each thread that is made. */
const THREADS = "worker_threads";

/** Lets threads hand over to the main thread what they have not sent at their end; returns what stops it. */
export function shareWithThreads(core: Core, settings: ExportSettings): () => void {
  const backend = backendKey(settings);
  const load = () => loadPart("threads") as typeof import("../parts/threads.ts");
  if (!isMainThread) {
    return getEnvironmentData(BACKEND) === backend ? load().joinMainThread(core) : () => {};
  }
  setEnvironmentData(BACKEND, backend);
  let stop: (() => void) | undefined;
  const begin = (): void => {
    stop ??= load().heirOfThreads(core);
  };
  subscribe(THREADS, begin);
  return () => {
    setEnvironmentData(BACKEND);
    unsubscribe(THREADS, begin);
    stop?.();
  };
}
