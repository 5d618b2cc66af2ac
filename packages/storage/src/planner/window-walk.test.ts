import { expect, test } from "vitest";
import { WindowWalk } from "./window-walk.ts";

const MINUTE = 60_000_000_000n;

test("windows cover the range once, from its end down, on whole minutes, the rest with the last", () => {
  const range = { startNano: 7n * MINUTE + 3n, endNano: 500n * MINUTE - 9n };
  const walk = new WindowWalk(range);
  let high = range.endNano;
  for (let window = walk.next(); window !== undefined; window = walk.next()) {
    expect(window.endNano).toBe(high);
    expect(window.startNano % MINUTE === 0n || window.startNano === range.startNano).toBe(true);
    expect(window.startNano).toBeLessThan(high);
    high = window.startNano;
    walk.grow(0, 5);
  }
  expect(high).toBe(range.startNano);
});

test("a window in which much was found is followed by a small one", () => {
  const widthAfter = (found: number): bigint => {
    const walk = new WindowWalk({ startNano: 0n, endNano: 10_000n * MINUTE });
    walk.next();
    walk.grow(found, 10);
    const { startNano = 0n, endNano = 0n } = walk.next() ?? {};
    return (endNano - startNano) / MINUTE;
  };
  expect(widthAfter(100)).toBe(2n);
  expect(widthAfter(1)).toBe(27n);
  expect(widthAfter(0)).toBe(32n);
});

test("windows grow to a given length and no further", () => {
  const walk = new WindowWalk({ startNano: 0n, endNano: 10_000n * MINUTE }, MINUTE, 50n * MINUTE);
  for (let i = 0; i < 3; i++) {
    walk.next();
    walk.grow(0, 10);
  }
  const { startNano = 0n, endNano = 0n } = walk.next() ?? {};
  expect(endNano - startNano).toBe(50n * MINUTE);
});

test("an empty range has no window", () => {
  expect(new WindowWalk({ startNano: 5n, endNano: 5n }).next()).toBeUndefined();
});
