// React's side of a TraceView: re-render on the changes a component cares about, and keep the address in
// step with what is on screen.

import { useCallback, useEffect, useEffectEvent, useRef, useSyncExternalStore } from "react";
import { viewWindow } from "../../router/codec.ts";
import { currentRoute, navigate } from "../../router/location.ts";
import { printRoute, type RouteParams } from "../../router/routes.ts";
import { rowOfSpanId, spanIdOf, type TraceModel } from "../../trace/trace-model.ts";
import type { TraceView, ViewChange } from "../../trace/trace-view.ts";

/** Re-renders when any of `changes` happens to the view. Pass a constant array. */
export function useViewChanges(view: TraceView, changes: readonly ViewChange[]): void {
  const subscribe = useCallback(
    (listener: () => void) =>
      view.subscribe((change) => {
        if (changes.includes(change)) listener();
      }),
    [view, changes],
  );
  // The sum grows with every change that is watched, and with no other.
  useSyncExternalStore(subscribe, () =>
    changes.reduce((sum, change) => sum + view.version(change), 0),
  );
}

// Selections and zooms closer together than this make one step for Back.
const restMs = 350;

/** Selected span and window to the address when they rest; from the address on Back and Forward. */
export function useTraceAddress(
  model: TraceModel,
  view: TraceView,
  params: RouteParams<"trace">,
): void {
  const written = useRef<string>(undefined);
  const write = useEffectEvent(() => {
    const route = currentRoute();
    if (route.name !== "trace" || route.argument !== model.traceId) return;
    const { span: oldSpan, view: oldView, ...rest } = route.params;
    const span = view.selected < 0 ? undefined : spanIdOf(model, view.selected);
    const window = view.isWhole ? undefined : view.window;
    const address = printRoute("trace", model.traceId, { ...rest, span, view: window });
    if (address === printRoute("trace", model.traceId, { ...rest, span: oldSpan, view: oldView }))
      return;
    written.current = address;
    navigate(address);
  });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const leave = view.subscribe((change) => {
      if (change !== "window" && change !== "selection") return;
      clearTimeout(timer);
      timer = setTimeout(() => write(), restMs);
    });
    return () => {
      clearTimeout(timer);
      leave();
    };
  }, [view]);
  const spanParam = params.span;
  const windowParam = params.view === undefined ? undefined : viewWindow.print(params.view)[0];
  const read = useEffectEvent(() => {
    if (written.current === window.location.pathname + window.location.search) return;
    applyParams(model, view, params);
  });
  useEffect(() => read(), [spanParam, windowParam]);
}

/** Selects and zooms as the address says; a span that is not in the trace selects nothing. */
export function applyParams(
  model: TraceModel,
  view: TraceView,
  params: RouteParams<"trace">,
): void {
  if (params.view === undefined) view.showAll();
  else view.setWindow(params.view);
  const row = params.span === undefined ? -1 : rowOfSpanId(model, params.span);
  if (row !== view.selected) view.select(row);
}
