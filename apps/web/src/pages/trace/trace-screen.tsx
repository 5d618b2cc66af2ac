// An open trace: facts, minimap, search, waterfall, and the drawer with the selected span.

import { type ReactElement, useEffect, useEffectEvent, useRef, useState } from "react";
import { formatCompact } from "../../format/number.ts";
import { type TraceCommand, traceBindings } from "../../keyboard/bindings.ts";
import { useKeys } from "../../keyboard/use-keys.ts";
import type { RouteParams } from "../../router/routes.ts";
import { Minimap } from "../../timeline/minimap.ts";
import { Timeline } from "../../timeline/timeline.ts";
import { nameOf, rootRow, serviceOf, type TraceModel } from "../../trace/trace-model.ts";
import { TraceView, type ViewChange } from "../../trace/trace-view.ts";
import { copyText, IconButton, ServiceChip } from "../../ui/controls.tsx";
import { isBoolean, numberBetween, useStored } from "../../ui/use-stored.ts";
import { SpanDrawer } from "./span-drawer.tsx";
import styles from "./trace.module.css";
import { TraceHeader, TraceNotices } from "./trace-header.tsx";
import { TraceSearch } from "./trace-search.tsx";
import { applyParams, useTraceAddress, useViewChanges } from "./use-trace-view.ts";

const watched: readonly ViewChange[] = ["selection"];

export interface TraceScreenProps {
  readonly model: TraceModel;
  readonly params: RouteParams<"trace">;
  readonly onReload: () => void;
  readonly reloading: boolean;
}

export function TraceScreen({
  model,
  params,
  onReload,
  reloading,
}: TraceScreenProps): ReactElement {
  // The page gives each model a screen of its own, so this runs once; later changes of the address
  // come in through useTraceAddress.
  const [view] = useState(() => {
    const created = new TraceView(model.layout);
    applyParams(model, created, params);
    return created;
  });
  const [initialSearch] = useState(params.q ?? "");
  const [search, setSearch] = useState(initialSearch);
  const [drawerOpen, setDrawerOpen] = useStored("drawerOpen", true, isBoolean);
  const [said, say] = useState("");
  const [timeline, setTimeline] = useState<Timeline>();
  const searchInput = useRef<HTMLInputElement>(null);
  useViewChanges(view, watched);
  useTraceAddress(model, view, params);
  const leaveSearch = (): void => timeline?.focus();
  const copyLink = (): void => {
    // The address follows the view with a delay; what is copied must not.
    setTimeout(
      () =>
        void copyText(window.location.href).then((done) =>
          say(done ? "Link copied" : "The browser does not allow copying"),
        ),
      400,
    );
  };
  useKeys(traceBindings, {
    ...viewCommands(view, timeline),
    search: () => searchInput.current?.select(),
    toggleDrawer: () => setDrawerOpen(!drawerOpen),
    copyLink,
    clear: () => {
      if (search !== "") setSearch("");
      else if (view.selected >= 0) view.select(-1);
      else view.showAll();
    },
  });
  return (
    <div className={styles.screen}>
      <title>
        {`${serviceOf(model, rootRow(model))} ${nameOf(model, rootRow(model))}`.slice(0, 80)}
      </title>
      <TraceHeader model={model} onReload={onReload} reloading={reloading} />
      <TraceNotices model={model} onSelect={(row) => view.select(row)} />
      <MinimapCanvas view={view} />
      <div className={styles.toolbar}>
        <TraceSearch
          model={model}
          view={view}
          initial={initialSearch}
          text={search}
          onText={setSearch}
          inputRef={searchInput}
          onLeave={leaveSearch}
        />
        <Services model={model} />
        <IconButton icon="fit" label="Show the whole trace (0)" onClick={() => view.showAll()} />
        <IconButton
          icon="panel"
          label="Show or hide the details (Q)"
          on={drawerOpen}
          onClick={() => setDrawerOpen(!drawerOpen)}
        />
      </div>
      <div className={styles.split}>
        <TimelineHost model={model} view={view} onTimeline={setTimeline} />
        {drawerOpen && view.selected >= 0 && (
          <SpanDrawer
            model={model}
            view={view}
            row={view.selected}
            tab={params.tab ?? "attributes"}
            onClose={() => setDrawerOpen(false)}
          />
        )}
      </div>
      <div className={styles.announce} role="status">
        {said}
      </div>
    </div>
  );
}

function Services({ model: { layout } }: { model: TraceModel }): ReactElement {
  return (
    <div className={styles.services}>
      {layout.services.slice(0, 40).map((name, i) => (
        <span key={name}>
          <ServiceChip name={name} colour={i} />{" "}
          <small>{formatCompact(layout.serviceSpans[i] ?? 0)}</small>
        </span>
      ))}
    </div>
  );
}

function MinimapCanvas({ view }: { view: TraceView }): ReactElement {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const minimap = new Minimap(canvas.current as HTMLCanvasElement);
    minimap.setData(view);
    return () => minimap.dispose();
  }, [view]);
  return (
    <div className={styles.minimap}>
      <canvas
        ref={canvas}
        style={{ display: "block", width: "100%", height: "100%", touchAction: "none" }}
        aria-label="Overview of the trace; drag to zoom"
        role="img"
      />
    </div>
  );
}

function TimelineHost({
  model,
  view,
  onTimeline,
}: {
  model: TraceModel;
  view: TraceView;
  onTimeline: (timeline: Timeline | undefined) => void;
}): ReactElement {
  const host = useRef<HTMLDivElement>(null);
  const [nameWidth, setNameWidth] = useStored(
    "nameWidth",
    Math.min(380, Math.round(innerWidth * 0.45)),
    numberBetween(140, 1200),
  );
  const create = useEffectEvent(
    (element: HTMLElement) => new Timeline(element, { nameWidth, onNameWidth: setNameWidth }),
  );
  useEffect(() => {
    const created = create(host.current as HTMLElement);
    created.setData(model, view);
    onTimeline(created);
    created.focus();
    if (view.selected >= 0) requestAnimationFrame(() => view.select(view.selected));
    return () => {
      onTimeline(undefined);
      created.dispose();
    };
  }, [model, view, onTimeline]);
  return <div ref={host} className={styles.timeline} />;
}

type ViewCommand = Exclude<TraceCommand, "search" | "copyLink" | "toggleDrawer" | "clear">;

/** The commands that only concern the view. */
function viewCommands(
  view: TraceView,
  timeline: Timeline | undefined,
): Record<ViewCommand, () => void> {
  const anchor = (): number | undefined => timeline?.pointerNano;
  const page = (): number => timeline?.pageRows ?? 20;
  return {
    zoomIn: () => view.zoom(0.7, anchor()),
    zoomOut: () => view.zoom(1 / 0.7, anchor()),
    panLeft: () => view.pan(-0.15),
    panRight: () => view.pan(0.15),
    panLeftFar: () => view.pan(-0.9),
    panRightFar: () => view.pan(0.9),
    showAll: () => view.showAll(),
    focus: () => view.focusSelection(),
    previousRow: () => view.move(-1),
    nextRow: () => view.move(1),
    pageUp: () => view.move(-page()),
    pageDown: () => view.move(page()),
    collapse: () => view.collapseOrParent(),
    expand: () => view.expandOrChild(),
    firstRow: () => view.moveToEdge("first"),
    lastRow: () => view.moveToEdge("last"),
    collapseAll: () => view.collapseAll(),
    expandAll: () => view.expandAll(),
    collapseLevel: () => view.changeLevel(-1),
    expandLevel: () => view.changeLevel(1),
    previousSibling: () => view.moveToSibling(-1),
    nextSibling: () => view.moveToSibling(1),
    nextError: () => view.moveToError(1),
    previousError: () => view.moveToError(-1),
  };
}
