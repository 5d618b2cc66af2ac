// A preference that outlives the page: a number or a word in localStorage.

import { useState } from "react";

/** State kept under `clew.<name>`; `check` decides whether what is stored still makes sense. */
export function useStored<T extends string | number | boolean>(
  name: string,
  initial: T,
  check: (value: unknown) => value is T,
): [T, (value: T) => void] {
  const key = `clew.${name}`;
  const [value, setValue] = useState<T>(() => {
    try {
      const stored: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
      return check(stored) ? stored : initial;
    } catch {
      return initial;
    }
  });
  const store = (next: T): void => {
    setValue(next);
    try {
      localStorage.setItem(key, JSON.stringify(next));
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  };
  return [value, store];
}

/** A check for numbers within bounds. */
export function numberBetween(low: number, high: number): (value: unknown) => value is number {
  return (value): value is number => typeof value === "number" && value >= low && value <= high;
}

export function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}
