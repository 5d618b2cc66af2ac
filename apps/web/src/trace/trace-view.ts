// What a viewer does with an open trace: the window of time on screen, the selected row, what is
// collapsed, what a search matched. Free of React and the DOM: the canvas, the minimap, the keyboard and
// the panels all talk to this object and hear of changes from it.

import { RowFlag, type TraceLayout } from "@clew/analysis";
import { clampWindow, panWindow, type TimeWindow, zoomWindow } from "../timeline/time-scale.ts";
import {
  collapseFrom,
  deepestVisible,
  openAncestors,
  positionOf,
  siblingOf,
  visibleRows,
} from "./visible-rows.ts";

/** What changed; `reveal` asks whoever scrolls to bring the selected row on screen. */
export type ViewChange = "window" | "rows" | "selection" | "matches" | "reveal";

/** A search's outcome by row. */
export interface Matches {
  /** 1 for each matching row. */
  readonly byRow: Uint8Array<ArrayBuffer>;
  /** Matching rows in order. */
  readonly rows: Uint32Array<ArrayBuffer>;
}

export class TraceView {
  readonly layout: TraceLayout;
  readonly collapsed: Uint8Array<ArrayBuffer>;
  /** Rows on screen, in order. */
  rows: Uint32Array<ArrayBuffer>;
  window: TimeWindow;
  /** Selected row, -1 for none. */
  selected = -1;
  matches: Matches | undefined;
  #focused: TimeWindow | undefined;
  readonly #versions = new Map<ViewChange, number>();
  readonly #listeners = new Set<(change: ViewChange) => void>();

  constructor(layout: TraceLayout) {
    this.layout = layout;
    this.collapsed = new Uint8Array(layout.rowCount);
    this.rows = visibleRows(layout, this.collapsed);
    this.window = this.whole;
  }

  /** The window that shows the whole trace. */
  get whole(): TimeWindow {
    return clampWindow({ start: 0, end: this.layout.durationNano }, this.layout.durationNano);
  }

  get isWhole(): boolean {
    return this.window.start === this.whole.start && this.window.end === this.whole.end;
  }

  /** Calls `listener` on every change until the returned function is called. */
  subscribe(listener: (change: ViewChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How often `change` has happened. */
  version(change: ViewChange): number {
    return this.#versions.get(change) ?? 0;
  }

  setWindow(window: TimeWindow): void {
    const next = clampWindow(window, this.layout.durationNano);
    if (next.start === this.window.start && next.end === this.window.end) return;
    this.window = next;
    this.#notify("window");
  }

  /** Zooms by `factor` (below 1 is closer); `anchor` stays where it is, by default the middle. */
  zoom(factor: number, anchor: number = (this.window.start + this.window.end) / 2): void {
    this.setWindow(zoomWindow(this.window, factor, anchor, this.layout.durationNano));
  }

  /** Pans by a share of the window's length. */
  pan(share: number): void {
    this.setWindow(panWindow(this.window, share, this.layout.durationNano));
  }

  showAll(): void {
    this.setWindow(this.whole);
  }

  /** Zooms to the selected row with room on both sides; a second time fits it edge to edge. */
  focusSelection(): void {
    if (this.selected < 0) return;
    const start = this.layout.start[this.selected] as number;
    const length = Math.max(this.layout.duration[this.selected] as number, 1000);
    const fit = clampWindow({ start, end: start + length }, this.layout.durationNano);
    const roomy = clampWindow(
      { start: start - length * 0.25, end: start + length * 1.25 },
      this.layout.durationNano,
    );
    const again =
      this.#focused?.start === this.window.start && this.#focused.end === this.window.end;
    this.setWindow(again ? fit : roomy);
    this.#focused = again ? undefined : this.window;
  }

  /** Selects a row (-1 for none), opening what hides it. */
  select(row: number): void {
    if (row >= this.layout.rowCount) return;
    if (row >= 0 && openAncestors(this.layout, this.collapsed, row)) this.#showRows();
    const changed = row !== this.selected;
    this.selected = row;
    if (changed) this.#notify("selection");
    if (row >= 0) this.#notify("reveal");
  }

  /** Moves the selection by `by` rows on screen. */
  move(by: number): void {
    if (this.rows.length === 0) return;
    const position =
      this.selected < 0 ? (by > 0 ? -1 : this.rows.length) : positionOf(this.rows, this.selected);
    const next = Math.min(this.rows.length - 1, Math.max(0, position + by));
    this.select(this.rows[next] as number);
  }

  moveToEdge(edge: "first" | "last"): void {
    const row = this.rows[edge === "first" ? 0 : this.rows.length - 1];
    if (row !== undefined) this.select(row);
  }

  moveToSibling(direction: -1 | 1): void {
    if (this.selected < 0) return this.move(direction);
    const row = siblingOf(this.layout, this.selected, direction);
    if (row >= 0) this.select(row);
  }

  /** Left arrow: collapses the selected row, or goes to its parent when there is nothing to collapse. */
  collapseOrParent(): void {
    const row = this.selected;
    if (row < 0) return this.move(1);
    if (this.hasChildren(row) && this.collapsed[row] === 0) return this.toggle(row);
    const parent = this.layout.parent[row] as number;
    if (parent >= 0) this.select(parent);
  }

  /** Right arrow: expands the selected row, or goes to its first child when it is open. */
  expandOrChild(): void {
    const row = this.selected;
    if (row < 0) return this.move(1);
    if (!this.hasChildren(row)) return;
    if (this.collapsed[row] === 1) return this.toggle(row);
    this.select(row + 1);
  }

  hasChildren(row: number): boolean {
    return (this.layout.size[row] as number) > 1;
  }

  toggle(row: number): void {
    if (!this.hasChildren(row)) return;
    this.collapsed[row] = this.collapsed[row] === 1 ? 0 : 1;
    this.#showRows();
  }

  /** Collapses every row that has children, the roots excepted so that something is left to read. */
  collapseAll(): void {
    collapseFrom(this.layout, this.collapsed, 1);
    this.#afterCollapse();
  }

  expandAll(): void {
    this.collapsed.fill(0);
    this.#showRows();
    if (this.selected >= 0) this.#notify("reveal");
  }

  /** Folds away the deepest level on screen (-1) or opens one more (1). */
  changeLevel(by: -1 | 1): void {
    const deepest = deepestVisible(this.layout, this.rows);
    collapseFrom(this.layout, this.collapsed, Math.max(0, deepest + by));
    this.#afterCollapse();
  }

  /** Selects the next (1) or previous (-1) row with an error, collapsed ones included; wraps around. */
  moveToError(direction: -1 | 1): void {
    const { flags, rowCount, errorCount } = this.layout;
    if (errorCount === 0) return;
    let row = this.selected < 0 && direction < 0 ? 0 : this.selected;
    do row = (row + direction + rowCount) % rowCount;
    while (((flags[row] as number) & RowFlag.Error) === 0);
    this.select(row);
  }

  /** Sets what a search found, one byte a span of the batch; undefined ends the search. */
  setMatches(bySpan: Uint8Array | undefined): void {
    this.matches = bySpan === undefined ? undefined : this.#toRows(bySpan);
    this.#notify("matches");
  }

  /** Selects the next or previous match; wraps around. */
  moveToMatch(direction: -1 | 1): void {
    const rows = this.matches?.rows;
    if (rows === undefined || rows.length === 0) return;
    const index = this.matchIndex;
    const position = positionOf(rows, this.selected);
    let next: number;
    if (index >= 0) next = (index + direction + rows.length) % rows.length;
    else if (this.selected < (rows[0] as number)) next = direction > 0 ? 0 : rows.length - 1;
    else next = direction > 0 ? (position + 1) % rows.length : position;
    this.select(rows[next] as number);
  }

  /** Place of the selected row among the matches, from 0; -1 when it is none of them. */
  get matchIndex(): number {
    const rows = this.matches?.rows;
    if (rows === undefined || rows.length === 0 || this.selected < 0) return -1;
    const position = positionOf(rows, this.selected);
    return rows[position] === this.selected ? position : -1;
  }

  #toRows(bySpan: Uint8Array): Matches {
    const { span, rowCount } = this.layout;
    const byRow = new Uint8Array(rowCount);
    const rows = new Uint32Array(rowCount);
    let count = 0;
    for (let row = 0; row < rowCount; row++) {
      if (bySpan[span[row] as number] !== 1) continue;
      byRow[row] = 1;
      rows[count++] = row;
    }
    return { byRow, rows: rows.slice(0, count) };
  }

  #afterCollapse(): void {
    this.#showRows();
    if (this.selected < 0) return;
    // A selection that was folded away moves to what hides it.
    this.select(this.rows[positionOf(this.rows, this.selected)] as number);
  }

  #showRows(): void {
    this.rows = visibleRows(this.layout, this.collapsed);
    this.#notify("rows");
  }

  #notify(change: ViewChange): void {
    this.#versions.set(change, this.version(change) + 1);
    for (const listener of this.#listeners) listener(change);
  }
}
