// The signals that end a server. Ctrl-C, `kill` and a closed terminal all mean: stop in good order.

/** Milliseconds after the first signal in which others are taken for copies of it. */
export const repeatMs = 1000;

/** What signals arrive at: `process`, or a stand-in. */
export interface SignalSource {
  on(signal: "SIGINT" | "SIGTERM" | "SIGHUP", listener: (signal: string) => void): unknown;
}

/**
 * The first SIGINT, SIGTERM or SIGHUP from now on. npm and process groups deliver one signal twice, so
 * others within {@link repeatMs} of the first are ignored; every later one calls `stopAtOnce`. `nowMs`: a
 * clock that never goes back, milliseconds.
 */
export function stopSignal(
  source: SignalSource,
  stopAtOnce: () => void,
  nowMs: () => number = () => performance.now(),
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let firstMs: number | undefined;
  const onSignal = (signal: string): void => {
    if (firstMs === undefined) {
      firstMs = nowMs();
      resolve(signal);
    } else if (nowMs() - firstMs >= repeatMs) stopAtOnce();
  };
  source.on("SIGINT", onSignal);
  source.on("SIGTERM", onSignal);
  source.on("SIGHUP", onSignal);
  return promise;
}
