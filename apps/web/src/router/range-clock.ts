// Fixes "the last hour" to two instants, the same for every query on screen, until it is refreshed by
// hand, by auto-refresh or by a new range.

import { useEffect, useMemo, useSyncExternalStore } from "react";
import { useRoute } from "./location.ts";
import { isLive, type ResolvedRange, resolveRange } from "./time-range.ts";

const storageKey = "clew.refreshSeconds";
const listeners = new Set<() => void>();
// Whole seconds: pages opened within the same second share their cached answers.
let now = Math.floor(Date.now() / 1000) * 1000;
let refreshSeconds = readRefresh();

/** Seconds between automatic refreshes to choose from; 0 is off. */
export const refreshChoices: readonly number[] = [0, 5, 15, 60];

function readRefresh(): number {
  try {
    const stored = Number(localStorage.getItem(storageKey));
    return [0, 5, 15, 60].includes(stored) ? stored : 0;
  } catch {
    return 0;
  }
}

function notify(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Moves "now" to the present. */
export function refreshNow(): void {
  const next = Math.floor(Date.now() / 1000) * 1000;
  if (next === now) return;
  now = next;
  notify();
}

export function setRefreshSeconds(seconds: number): void {
  refreshSeconds = seconds;
  try {
    localStorage.setItem(storageKey, String(seconds));
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  notify();
}

export function useRefreshSeconds(): number {
  return useSyncExternalStore(subscribe, () => refreshSeconds);
}

/** `from` and `to` of the current page, as they stand in its address. */
export function useRangeParams(): {
  readonly from: string | undefined;
  readonly to: string | undefined;
} {
  const route = useRoute();
  const params = route.name === "unknown" ? undefined : route.params;
  const from = params?.from;
  const to = params?.to;
  return useMemo(() => ({ from, to }), [from, to]);
}

/** What "now" means on this page, milliseconds since 1970. */
export function useNowMs(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** The range of the current page with both ends fixed. */
export function useRange(): ResolvedRange {
  const { from, to } = useRangeParams();
  const at = useNowMs();
  return useMemo(() => resolveRange(from, to, at), [from, to, at]);
}

/** Keeps "now" moving while auto-refresh is on, the range is live and the page is looked at. */
export function useAutoRefresh(): void {
  const seconds = useRefreshSeconds();
  const { to } = useRangeParams();
  const live = isLive(to);
  useEffect(() => {
    if (seconds === 0 || !live) return;
    const timer = setInterval(() => {
      if (!document.hidden) refreshNow();
    }, seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds, live]);
}
