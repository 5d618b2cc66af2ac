// The name column: a treegrid of real DOM rows, only as many as fit the screen, re-used while scrolling.
// It is what one sees and what assistive technology reads, so the two cannot differ.

import { RowFlag } from "@clew/analysis";
import { formatDuration } from "@clew/base";
import { formatCompact } from "../format/number.ts";
import { seriesVar } from "../theme/theme.ts";
import {
  isFailed,
  isOdd,
  kindOf,
  nameOf,
  serviceOf,
  type TraceModel,
  warningsOf,
} from "../trace/trace-model.ts";
import type { TraceView } from "../trace/trace-view.ts";
import { type IconName, iconPaths } from "../ui/icon-paths.ts";
import styles from "./timeline.module.css";

/** Height of a row in pixels. */
export const rowHeight = 24;
const indentStep = 12;
const maxIndents = 16;

interface RowElement {
  readonly element: HTMLDivElement;
  readonly guides: HTMLElement;
  readonly caret: HTMLButtonElement;
  readonly dot: HTMLElement;
  readonly depth: HTMLElement;
  readonly service: HTMLElement;
  readonly name: HTMLElement;
  readonly badge: HTMLElement;
  readonly kind: SVGSVGElement;
  readonly odd: SVGSVGElement;
  readonly error: SVGSVGElement;
  readonly timing: HTMLElement;
  /** What the element shows now; a different text means it must be filled again. */
  shows: string;
}

export class NameRows {
  readonly element: HTMLDivElement = document.createElement("div");
  readonly #idPrefix: string;
  readonly #pool: RowElement[] = [];

  constructor(idPrefix: string) {
    this.#idPrefix = idPrefix;
    this.element.className = styles.names ?? "";
    this.element.setAttribute("role", "treegrid");
    this.element.setAttribute("aria-label", "Spans of the trace");
    this.element.tabIndex = 0;
  }

  /** Shows the rows at positions `first`..`first + count` of the view, the first at `top` pixels. */
  update(
    model: TraceModel,
    view: TraceView,
    first: number,
    count: number,
    top: number,
    hovered: number,
  ): void {
    this.element.setAttribute("aria-rowcount", String(view.rows.length));
    while (this.#pool.length < count) this.#pool.push(this.#createRow());
    const used = Math.min(count, view.rows.length - first);
    for (let i = 0; i < this.#pool.length; i++) {
      // Position modulo pool size: scrolling by a row refills one element and moves the others.
      const slot = this.#pool[(first + i) % this.#pool.length] as RowElement;
      slot.element.hidden = i >= used;
      if (i >= used) {
        slot.shows = "";
        slot.element.removeAttribute("id");
        slot.element.setAttribute("aria-selected", "false");
        continue;
      }
      slot.element.style.transform = `translateY(${top + i * rowHeight}px)`;
      this.#fill(slot, model, view, first + i, hovered);
    }
    const selected = view.selected;
    if (selected < 0) this.element.removeAttribute("aria-activedescendant");
    else this.element.setAttribute("aria-activedescendant", `${this.#idPrefix}${selected}`);
  }

  /** Forgets what the rows show, so that the next update fills them all. */
  invalidate(): void {
    for (const slot of this.#pool) slot.shows = "";
  }

  #fill(
    slot: RowElement,
    model: TraceModel,
    view: TraceView,
    position: number,
    hovered: number,
  ): void {
    const row = view.rows[position] as number;
    const dim = view.matches !== undefined && view.matches.byRow[row] !== 1;
    const collapsed = view.collapsed[row] === 1;
    const selected = row === view.selected;
    const shows = `${row} ${position} ${collapsed} ${selected} ${dim} ${row === hovered}`;
    if (slot.shows === shows) return;
    slot.shows = shows;
    const { element } = slot;
    element.id = `${this.#idPrefix}${row}`;
    element.dataset["row"] = String(row);
    element.classList.toggle(styles.selected as string, selected);
    element.classList.toggle(styles.hovered as string, row === hovered);
    element.classList.toggle(styles.dim as string, dim && !selected);
    element.setAttribute("aria-selected", String(selected));
    element.setAttribute("aria-rowindex", String(position + 1));
    this.#fillTree(slot, model, view, row, collapsed);
    this.#fillText(slot, model, row, collapsed);
  }

  #fillTree(
    slot: RowElement,
    model: TraceModel,
    view: TraceView,
    row: number,
    collapsed: boolean,
  ): void {
    const depth = model.layout.depth[row] as number;
    const parent = view.hasChildren(row);
    slot.element.setAttribute("aria-level", String(depth + 1));
    if (parent) slot.element.setAttribute("aria-expanded", String(!collapsed));
    else slot.element.removeAttribute("aria-expanded");
    slot.guides.style.width = `${Math.min(depth, maxIndents) * indentStep}px`;
    slot.depth.textContent = depth > maxIndents ? String(depth) : "";
    slot.caret.style.visibility = parent ? "visible" : "hidden";
    slot.caret.classList.toggle(styles.open as string, parent && !collapsed);
    slot.caret.title = collapsed ? "Expand" : "Collapse";
  }

  #fillText(slot: RowElement, model: TraceModel, row: number, collapsed: boolean): void {
    const { layout } = model;
    const placeholder = ((layout.flags[row] as number) & RowFlag.Placeholder) !== 0;
    const service = serviceOf(model, row);
    const name = nameOf(model, row);
    const parent = layout.parent[row] as number;
    // A service is named where the trace enters it; below, its colour says so.
    const entered =
      parent < 0 ||
      layout.service[parent] !== layout.service[row] ||
      (layout.span[parent] as number) < 0;
    const failed = isFailed(model, row);
    const hiddenErrors = collapsed ? (layout.errorsBelow[row] as number) : 0;
    slot.element.classList.toggle(styles.placeholder as string, placeholder);
    slot.dot.style.background = placeholder ? "none" : seriesVar(layout.service[row] as number);
    slot.service.textContent = entered ? service : "";
    slot.name.textContent = name;
    slot.name.title = service === "" ? name : `${service}: ${name}`;
    slot.badge.textContent = collapsed ? `+${formatCompact((layout.size[row] as number) - 1)}` : "";
    const kind = kindOf(model, row);
    show(slot.kind, kind !== "internal" && kind !== "unspecified");
    if (kind !== "unspecified") setIcon(slot.kind, kind, kind);
    const warnings = warningsOf(model, row);
    show(slot.odd, isOdd(model, row) || placeholder);
    setIcon(slot.odd, "warning", warnings.join(" "));
    show(slot.error, failed || hiddenErrors > 0);
    setIcon(slot.error, "error", failed ? "Error" : `${formatCompact(hiddenErrors)} errors below`);
    slot.error.classList.toggle(styles.faint as string, !failed);
    slot.timing.textContent = `${service}, ${kind}${failed ? ", error" : ""}, starts at ${formatDuration(layout.start[row] as number)}, lasts ${formatDuration(layout.duration[row] as number)}. ${warnings.join(" ")}`;
  }

  #createRow(): RowElement {
    const element = create("div", styles.row);
    element.setAttribute("role", "row");
    const cell = create("div", styles.cell);
    cell.setAttribute("role", "gridcell");
    const timing = create("div", styles.hiddenText);
    timing.setAttribute("role", "gridcell");
    const caret = create("button", styles.caret);
    caret.type = "button";
    caret.tabIndex = -1;
    caret.append(createIcon("chevronRight", 12));
    const row: RowElement = {
      element,
      guides: create("i", styles.guides),
      caret,
      dot: create("i", styles.dot),
      depth: create("span", styles.depth),
      service: create("bdi", styles.service),
      name: create("bdi", styles.name),
      badge: create("span", styles.badge),
      kind: createIcon("internal", 13),
      odd: createIcon("warning", 13),
      error: createIcon("error", 13),
      timing,
      shows: "",
    };
    row.kind.classList.add(styles.kind as string);
    row.odd.classList.add(styles.odd as string);
    row.error.classList.add(styles.error as string);
    cell.append(
      row.guides,
      caret,
      row.dot,
      row.depth,
      row.service,
      row.name,
      row.badge,
      row.kind,
      row.odd,
      row.error,
    );
    element.append(cell, timing);
    this.element.append(element);
    return row;
  }
}

function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string | undefined,
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className ?? "";
  return element;
}

const svg = "http://www.w3.org/2000/svg";

function createIcon(name: IconName, size: number): SVGSVGElement {
  const icon = document.createElementNS(svg, "svg");
  icon.setAttribute("viewBox", "0 0 16 16");
  icon.setAttribute("width", String(size));
  icon.setAttribute("height", String(size));
  const path = document.createElementNS(svg, "path");
  path.setAttribute("d", iconPaths[name]);
  icon.append(document.createElementNS(svg, "title"), path);
  return icon;
}

function setIcon(icon: SVGSVGElement, name: IconName, title: string): void {
  (icon.firstChild as SVGTitleElement).textContent = title;
  (icon.lastChild as SVGPathElement).setAttribute("d", iconPaths[name]);
}

function show(icon: SVGSVGElement, shown: boolean): void {
  icon.style.display = shown ? "" : "none";
}
