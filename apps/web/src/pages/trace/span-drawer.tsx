// The drawer on the right: everything known about the selected span, in tabs.

import { formatDuration } from "@clew/base";
import { StatusCode, spanKindNames, statusCodeNames } from "@clew/model";
import { type KeyboardEvent, type PointerEvent, type ReactElement, useState } from "react";
import { formatIsoNano } from "../../format/time.ts";
import { currentRoute, navigate } from "../../router/location.ts";
import { type DrawerTab, drawerTabs, printRoute } from "../../router/routes.ts";
import { type AttributeText, readAttributes } from "../../trace/read-attributes.ts";
import {
  isFailed,
  kindOf,
  nameOf,
  serviceOf,
  spanIdOf,
  type TraceModel,
  warningsOf,
} from "../../trace/trace-model.ts";
import type { TraceView } from "../../trace/trace-view.ts";
import { IconButton, Input, ServiceChip } from "../../ui/controls.tsx";
import { Icon } from "../../ui/icon.tsx";
import { numberBetween, useStored } from "../../ui/use-stored.ts";
import { AttributeList } from "./attribute-list.tsx";
import styles from "./span-drawer.module.css";
import { EventsTab, LinksTab } from "./span-events.tsx";
import { LogsTab } from "./span-logs.tsx";
import { isUnfinished } from "./tracer-notes.ts";

export interface SpanDrawerProps {
  readonly model: TraceModel;
  readonly view: TraceView;
  readonly row: number;
  readonly tab: DrawerTab;
  readonly onClose: () => void;
}

export function SpanDrawer({ model, view, row, tab, onClose }: SpanDrawerProps): ReactElement {
  const [width, setWidth] = useStored("drawerWidth", 420, numberBetween(280, 1600));
  return (
    <aside className={styles.drawer} style={{ width }} aria-label="Selected span">
      <ResizeHandle width={width} onWidth={setWidth} />
      <DrawerHead model={model} row={row} tab={tab} onClose={onClose} />
      <div className={styles.body} role="tabpanel" aria-label={tab} key={`${tab} ${row}`}>
        {tab === "attributes" && <AttributesTab model={model} row={row} />}
        {tab === "events" && <EventsTab model={model} row={row} />}
        {tab === "links" && <LinksTab model={model} view={view} row={row} />}
        {tab === "logs" && <LogsTab model={model} row={row} />}
      </div>
    </aside>
  );
}

function ResizeHandle({
  width,
  onWidth,
}: {
  width: number;
  onWidth: (width: number) => void;
}): ReactElement {
  const set = (next: number): void =>
    onWidth(Math.round(Math.min(Math.max(next, 280), Math.min(1600, window.innerWidth * 0.7))));
  const move = (event: PointerEvent<HTMLDivElement>): void => {
    if (event.currentTarget.hasPointerCapture(event.pointerId))
      set(window.innerWidth - event.clientX);
  };
  const key = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: 32, ArrowRight: -32 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    set(width + by);
  };
  return (
    <div
      className={styles.handle}
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the details"
      aria-valuenow={width}
      tabIndex={0}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        event.preventDefault();
      }}
      onPointerMove={move}
      onKeyDown={key}
    />
  );
}

function DrawerHead({
  model,
  row,
  tab,
  onClose,
}: {
  model: TraceModel;
  row: number;
  tab: DrawerTab;
  onClose: () => void;
}): ReactElement {
  const { batch, layout } = model;
  const span = layout.span[row] as number;
  const kind = kindOf(model, row);
  const message = span < 0 ? "" : batch.strings.text(batch.statusMessage[span] as number);
  return (
    <div className={styles.head}>
      <div className={styles.title}>
        <h2>
          <bdi>{nameOf(model, row)}</bdi>
        </h2>
        <IconButton icon="close" label="Hide the details (Q)" onClick={onClose} />
      </div>
      <div className={styles.facts}>
        {span >= 0 && (
          <ServiceChip name={serviceOf(model, row)} colour={layout.service[row] as number} />
        )}
        {kind !== "unspecified" && <span>{kind}</span>}
        <span>
          {formatDuration(layout.duration[row] as number)} at +
          {formatDuration(layout.start[row] as number)}
        </span>
        {isFailed(model, row) && (
          <span className={styles.failed}>
            <Icon name="error" size={14} /> error
          </span>
        )}
      </div>
      {message !== "" && <p className={styles.message}>{message.slice(0, 10_000)}</p>}
      {span >= 0 && isUnfinished(batch, span) && (
        <p className={styles.warning}>
          Was still open when its process ended: what came after this is not known.
        </p>
      )}
      {warningsOf(model, row).map((warning) => (
        <p key={warning} className={styles.warning}>
          {warning}
        </p>
      ))}
      <Tabs model={model} row={row} tab={tab} />
    </div>
  );
}

const tabLabels: Readonly<Record<DrawerTab, string>> = {
  attributes: "Attributes",
  events: "Events",
  links: "Links",
  logs: "Logs",
};

function Tabs({
  model: { batch, layout },
  row,
  tab,
}: {
  model: TraceModel;
  row: number;
  tab: DrawerTab;
}): ReactElement {
  const span = layout.span[row] as number;
  const between = (offsets: Uint32Array): number =>
    span < 0 ? 0 : (offsets[span + 1] as number) - (offsets[span] as number);
  const counts: Partial<Record<DrawerTab, number>> = {
    events: between(batch.eventOffsets),
    links: between(batch.linkOffsets),
  };
  const open = (next: DrawerTab): void => {
    const route = currentRoute();
    if (route.name !== "trace") return;
    navigate(
      printRoute("trace", route.argument, {
        ...route.params,
        tab: next === "attributes" ? undefined : next,
      }),
      { replace: true },
    );
  };
  const onKey = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = drawerTabs[
      (drawerTabs.indexOf(tab) + by + drawerTabs.length) % drawerTabs.length
    ] as DrawerTab;
    open(next);
    (event.currentTarget.children[drawerTabs.indexOf(next)] as HTMLElement).focus();
  };
  return (
    <div className={styles.tabs} role="tablist" onKeyDown={onKey}>
      {drawerTabs.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={name === tab}
          tabIndex={name === tab ? 0 : -1}
          onClick={() => open(name)}
        >
          {tabLabels[name]} {(counts[name] ?? 0) > 0 && <small>{counts[name]}</small>}
        </button>
      ))}
    </div>
  );
}

function AttributesTab({ model, row }: { model: TraceModel; row: number }): ReactElement {
  const [filter, setFilter] = useState("");
  const { batch, layout } = model;
  const span = layout.span[row] as number;
  if (span < 0)
    return (
      <p className={styles.empty}>
        Nothing is known of this span but its id, {spanIdOf(model, row)}.
      </p>
    );
  const resource = batch.resource[span] as number;
  const scope = batch.scope[span] as number;
  const { resources, scopes } = batch;
  const ofResource = readAttributes(
    batch,
    resources.attributes,
    resources.attributeOffsets[resource] ?? 0,
    resources.attributeOffsets[resource + 1] ?? 0,
  );
  const ofScope = readAttributes(
    batch,
    scopes.attributes,
    scopes.attributeOffsets[scope] ?? 0,
    scopes.attributeOffsets[scope + 1] ?? 0,
  );
  const around = hourAround(batch.startNano(span));
  const own = readAttributes(
    batch,
    batch.attributes,
    batch.attributeOffsets[span] as number,
    batch.attributeOffsets[span + 1] as number,
  );
  return (
    <>
      <div className={styles.filter}>
        <Input
          value={filter}
          placeholder="Filter attributes"
          aria-label="Filter attributes"
          onChange={(event) => setFilter(event.target.value)}
        />
      </div>
      <AttributeList
        title="Attributes"
        scope="span"
        around={around}
        filter={filter}
        attributes={own}
        dropped={batch.droppedAttributes[span] as number}
      />
      <AttributeList
        title="Resource"
        scope="resource"
        around={around}
        filter={filter}
        attributes={ofResource}
        dropped={resources.droppedAttributes[resource] ?? 0}
      />
      <AttributeList
        title="Scope"
        filter={filter}
        attributes={[...scopeFacts(model, scope), ...ofScope]}
      />
      <AttributeList title="Span" filter={filter} attributes={spanFacts(model, row, span)} />
    </>
  );
}

/** Half an hour to both sides, as in an address: a trace that is opened may be of any age. */
function hourAround(nano: bigint): { from: string; to: string } {
  const at = Number(nano / 1_000_000n);
  const half = 1_800_000;
  const iso = (ms: number): string => new Date(Math.min(Math.max(0, ms), 8.64e15)).toISOString();
  return { from: iso(at - half), to: iso(at + half) };
}

function fact(key: string, value: string): AttributeText {
  return { key, value, type: "string" };
}

function scopeFacts({ batch }: TraceModel, scope: number): AttributeText[] {
  const facts: AttributeText[] = [];
  const name = batch.strings.text(batch.scopes.name[scope] ?? 0);
  const version = batch.strings.text(batch.scopes.version[scope] ?? 0);
  if (name !== "") facts.push(fact("name", name));
  if (version !== "") facts.push(fact("version", version));
  return facts;
}

function spanFacts(model: TraceModel, row: number, span: number): AttributeText[] {
  const { batch, layout } = model;
  const parent = layout.parent[row] as number;
  const status = batch.status[span] as number;
  const state = batch.strings.text(batch.traceState[span] as number);
  const adjusted = batch.adjustedCount[span] as number;
  return [
    fact("span id", spanIdOf(model, row)),
    ...(parent < 0 ? [] : [fact("parent id", spanIdOf(model, parent))]),
    fact("kind", spanKindNames[batch.kind[span] as number] ?? "unspecified"),
    ...(status === StatusCode.Unset ? [] : [fact("status", statusCodeNames[status] ?? "unset")]),
    fact("start", formatIsoNano(batch.startNano(span))),
    fact("end", formatIsoNano(batch.endNano(span))),
    fact("duration", `${batch.durationNano(span).toLocaleString("en-US")} ns`),
    ...(state === "" ? [] : [fact("trace state", state)]),
    ...(adjusted === 1 ? [] : [fact("stands for", `${Number(adjusted.toFixed(2))} spans`)]),
  ];
}
