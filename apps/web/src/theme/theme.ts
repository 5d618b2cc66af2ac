// The theme: the system's unless the viewer chose one, which is remembered in localStorage. Canvases
// cannot inherit colours, so they read the tokens here and redraw when they change.

import { useSyncExternalStore } from "react";

export type ThemeChoice = "system" | "light" | "dark";

const storageKey = "clew.theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
let version = 0;

function changed(): void {
  version++;
  for (const listener of listeners) listener();
}

system.addEventListener("change", changed);

/** Calls `listener` whenever colours change, until the returned function is called. */
export function onThemeChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What the viewer chose; `system` when nothing was. */
export function themeChoice(): ThemeChoice {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

/** True when dark colours are on screen. */
export function isDark(): boolean {
  const choice = themeChoice();
  return choice === "dark" || (choice === "system" && system.matches);
}

export function chooseTheme(choice: ThemeChoice): void {
  if (choice === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = choice;
  try {
    if (choice === "system") localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, choice);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  changed();
}

/** Number that grows with every change of colours: redraw when it does. */
export function useThemeVersion(): number {
  return useSyncExternalStore(onThemeChange, () => version);
}

/** Reads tokens by name without the leading dashes; values as CSS has them. */
export function readTokens<const N extends string>(
  names: readonly N[],
): Readonly<Record<N, string>> {
  const style = getComputedStyle(document.documentElement);
  const tokens = {} as Record<N, string>;
  for (const name of names) tokens[name] = style.getPropertyValue(`--${name}`).trim();
  return tokens;
}

/** How many series colours there are before they repeat. */
export const seriesCount = 20;

/** Series colours in order, as CSS has them. */
export function readSeries(): readonly string[] {
  const style = getComputedStyle(document.documentElement);
  return Array.from({ length: seriesCount }, (_, i) =>
    style.getPropertyValue(`--series-${i}`).trim(),
  );
}

/** The series colour of `index` for use in a style attribute. */
export function seriesVar(index: number): string {
  return `var(--series-${index % seriesCount})`;
}
