import type { TimeRange } from "@clew/model";
import { describe, expect, test } from "vitest";
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

describe("over a gap", () => {
  /** Walks with nothing ever found over spans in these minutes; lengths of the windows, and how often it asked. */
  async function walked(minutes: readonly number[], range: TimeRange) {
    const walk = new WindowWalk(range);
    const windows: TimeRange[] = [];
    let asked = 0;
    for (let window = walk.next(); window !== undefined; window = walk.next()) {
      windows.push(window);
      await walk.growOverGap(0, 5, async ({ startNano, endNano }) => {
        asked++;
        expect([startNano, endNano % MINUTE]).toEqual([range.startNano, 0n]);
        return minutes.findLast((minute) => BigInt(minute) * MINUTE < endNano);
      });
    }
    const seen = (minute: number): number =>
      windows.filter(
        ({ startNano, endNano }) =>
          startNano < BigInt(minute + 1) * MINUTE && endNano > BigInt(minute) * MINUTE,
      ).length;
    expect(minutes.map(seen)).toEqual(minutes.map(() => 1));
    return { windows, asked };
  }

  test("the walk goes on with a short window where spans lie", async () => {
    const range = { startNano: 7n, endNano: 10_000n * MINUTE + 5n };
    const { windows } = await walked([100, 5000, 5001], range);
    const third = windows[2];
    expect(third?.endNano).toBe(5002n * MINUTE);
    expect((third?.endNano ?? 0n) - (third?.startNano ?? 0n)).toBe(MINUTE);
  });

  test("nothing is left to walk when nothing lies below", async () => {
    const { windows, asked } = await walked([], { startNano: 7n, endNano: 10_000n * MINUTE });
    expect([windows.length, asked]).toEqual([2, 1]);
  });

  test("many gaps take few windows, and so do spans of which none is found", async () => {
    const range = { startNano: 0n, endNano: 43_200n * MINUTE };
    const bursts = Array.from({ length: 720 }, (_, hour) => hour * 60);
    const dense = Array.from({ length: 43_200 }, (_, minute) => minute);
    const overBursts = await walked(bursts, range);
    expect(overBursts.windows.length).toBeLessThanOrEqual(8);
    expect(overBursts.asked).toBeLessThanOrEqual(3);
    const overDense = await walked(dense, range);
    expect(overDense.windows.length).toBeLessThanOrEqual(4);
    expect(overDense.asked).toBe(1);
  });
});
