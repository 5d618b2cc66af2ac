// The address bar as a store: pages read the route from it and write to it.

import { useSyncExternalStore } from "react";
import { parseRoute, type Route } from "./routes.ts";

const listeners = new Set<() => void>();
let address = "";
let route: Route = { name: "unknown" };

function readRoute(): Route {
  const now = window.location.pathname + window.location.search;
  if (now !== address) {
    address = now;
    route = parseRoute(window.location.pathname, window.location.search);
  }
  return route;
}

function notify(): void {
  for (const listener of listeners) listener();
}

window.addEventListener("popstate", notify);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The current route; the same object until the address changes. */
export function useRoute(): Route {
  return useSyncExternalStore(subscribe, readRoute);
}

/** The current route outside of React. */
export function currentRoute(): Route {
  return readRoute();
}

/** Goes to an address of the UI. `replace` leaves no step for Back; for what changes while dragging or typing. */
export function navigate(to: string, options: { readonly replace?: boolean } = {}): void {
  if (to === window.location.pathname + window.location.search) return;
  if (options.replace === true) window.history.replaceState(undefined, "", to);
  else window.history.pushState(undefined, "", to);
  notify();
}
