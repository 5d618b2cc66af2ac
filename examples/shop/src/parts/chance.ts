// Where the shop's bad luck comes from: every fault happens with a small probability, so that
// traces differ. SHOP_CHAOS=1 raises every probability to at least one half, SHOP_CALM=1 lowers all to none.
import { setTimeout as sleep } from "node:timers/promises";

const CALM = process.env["SHOP_CALM"] === "1";
const CHAOS_FLOOR = process.env["SHOP_CHAOS"] === "1" ? 0.5 : 0;

/** True with the given probability (0..1); more often when SHOP_CHAOS=1 is set. */
export function chance(probability: number): boolean {
  return !CALM && Math.random() < Math.max(probability, CHAOS_FLOOR);
}

/** A random number between `low` and `high`, more often near `low`, like real durations are. */
export function skewed(low: number, high: number): number {
  return low + (high - low) * Math.random() ** 3;
}

/** Waits between `low` and `high` milliseconds; the stand-in for work that takes time. */
export async function work(low: number, high: number): Promise<void> {
  await sleep(skewed(low, high));
}

/** One element of a list that is known not to be empty. */
export function pick<T>(items: readonly [T, ...T[]]): T {
  return items[Math.floor(Math.random() * items.length)] ?? items[0];
}
