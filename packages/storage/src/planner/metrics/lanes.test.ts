import { expect, test } from "vitest";
import { Lanes } from "./lanes.ts";

test("as many statements run at once as there are lanes, and all are done in the end", async () => {
  let [started, running, most] = [0, 0, 0];
  function* statements(): Generator<Promise<void>> {
    while (started < 6) yield statement();
  }
  async function statement(): Promise<void> {
    started++;
    most = Math.max(most, ++running);
    for (let turn = 0; turn < 3; turn++)
      await new Promise<void>((resolve) => void setImmediate(resolve));
    running--;
  }
  const lanes = new Lanes(2);
  lanes.start(statements());
  await lanes.done();
  expect([started, most, running]).toEqual([6, 2, 0]);
});

test("what a statement throws is thrown by done(), and no more are started", async () => {
  let started = 0;
  function* statements(): Generator<Promise<void>> {
    for (;;) yield started++ === 3 ? Promise.reject(new Error("stopped")) : Promise.resolve();
  }
  const lanes = new Lanes(2);
  lanes.start(statements());
  await expect(lanes.done()).rejects.toThrow("stopped");
  const before = started;
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(started).toBe(before);
});
