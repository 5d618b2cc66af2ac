import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { stopSignal } from "./stop-signal.ts";

function signals(): {
  readonly first: Promise<string>;
  readonly atOnce: () => number;
  readonly send: (signal: string, atMs: number) => void;
} {
  const source = new EventEmitter();
  let [now, atOnce] = [0, 0];
  const first = stopSignal(
    source,
    () => (atOnce += 1),
    () => now,
  );
  return {
    first,
    atOnce: () => atOnce,
    send(signal, atMs): void {
      now = atMs;
      source.emit(signal, signal);
    },
  };
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"])("%s stops a server", async (signal) => {
  const { first, send } = signals();
  send(signal, 50_000);
  expect(await first).toBe(signal);
});

test("a signal within a second of the first is a copy of it, a later one stops at once", async () => {
  const { first, atOnce, send } = signals();
  send("SIGINT", 50_000);
  send("SIGINT", 50_001);
  send("SIGTERM", 50_999);
  expect(atOnce()).toBe(0);
  send("SIGTERM", 51_000);
  expect(atOnce()).toBe(1);
  expect(await first).toBe("SIGINT");
});
