// The waterfall: a name column of DOM rows and a canvas of bars that scroll together. Framework-free:
// it is given a host element, an open trace and a TraceView, and draws when either says it changed.
// Rows have a fixed height, so what is on screen follows from the scroll position alone.

import { formatDuration } from "@clew/base";
import { onThemeChange } from "../theme/theme.ts";
import type { TraceModel } from "../trace/trace-model.ts";
import type { TraceView, ViewChange } from "../trace/trace-view.ts";
import { positionOf } from "../trace/visible-rows.ts";
import { CanvasRenderer } from "./canvas-renderer.ts";
import { drawAxis, drawRows, type RowBand } from "./draw-rows.ts";
import { FrameLoop } from "./frame-loop.ts";
import { type GestureTarget, listenForGestures } from "./gestures.ts";
import { NameRows, rowHeight } from "./name-rows.ts";
import { readPalette } from "./palette.ts";
import type { Palette } from "./renderer.ts";
import { SpanTooltip } from "./span-tooltip.ts";
import { TimeScale, type TimeWindow } from "./time-scale.ts";
import styles from "./timeline.module.css";
import { buildTimelineDom, type TimelineDom } from "./timeline-dom.ts";

const headHeight = 28;

export interface TimelineOptions {
  /** Width of the name column in pixels. */
  readonly nameWidth: number;
  /** The name column was resized. */
  readonly onNameWidth: (width: number) => void;
}

export class Timeline {
  readonly #dom: TimelineDom;
  readonly #names = new NameRows("span-row-");
  readonly #plot: CanvasRenderer;
  readonly #axis: CanvasRenderer;
  readonly #tooltip = new SpanTooltip();
  readonly #frames = new FrameLoop(() => this.#draw());
  readonly #cleanups: (() => void)[] = [];
  readonly #onNameWidth: (width: number) => void;
  #palette: Palette = readPalette();
  #model: TraceModel | undefined;
  #view: TraceView | undefined;
  #leaveView: (() => void) | undefined;
  #nameWidth: number;
  #hovered = -1;
  #pointerX: number | undefined;
  #brush: { from: number; to: number } | undefined;

  constructor(host: HTMLElement, options: TimelineOptions) {
    this.#nameWidth = options.nameWidth;
    this.#onNameWidth = options.onNameWidth;
    this.#dom = buildTimelineDom(host, this.#names.element, {
      width: () => this.#nameWidth,
      resize: (width) => this.#resizeNames(width),
    });
    this.#plot = new CanvasRenderer(this.#dom.plot);
    this.#axis = new CanvasRenderer(this.#dom.axis);
    this.#listen();
  }

  /** Shows a trace through a view of it. */
  setData(model: TraceModel, view: TraceView): void {
    this.#leaveView?.();
    this.#model = model;
    this.#view = view;
    this.#hovered = -1;
    this.#names.invalidate();
    this.#leaveView = view.subscribe((change) => this.#onViewChange(change));
    this.#dom.scroller.scrollTop = 0;
    this.#frames.request();
  }

  /** Shows a window of time, nanoseconds after the trace's start. */
  setView(window: TimeWindow): void {
    this.#view?.setWindow(window);
  }

  /** Rows that fit the screen, for paging. */
  get pageRows(): number {
    return Math.max(1, Math.floor(this.#bodyHeight / rowHeight) - 1);
  }

  /** The time under the pointer, or undefined while it is elsewhere: where the keyboard zooms. */
  get pointerNano(): number | undefined {
    return this.#pointerX === undefined ? undefined : this.#scale()?.toNano(this.#pointerX);
  }

  /** Gives the keyboard to the rows. */
  focus(): void {
    this.#names.element.focus({ preventScroll: true });
  }

  dispose(): void {
    this.#leaveView?.();
    for (const cleanup of this.#cleanups) cleanup();
    this.#frames.dispose();
    this.#tooltip.dispose();
    this.#dom.scroller.remove();
  }

  get #bodyHeight(): number {
    return this.#dom.scroller.clientHeight - headHeight;
  }

  get #plotWidth(): number {
    return Math.max(0, this.#dom.scroller.clientWidth - this.#nameWidth);
  }

  #scale(): TimeScale | undefined {
    return this.#view === undefined ? undefined : new TimeScale(this.#view.window, this.#plotWidth);
  }

  #listen(): void {
    const { scroller, plot, axis } = this.#dom;
    const resized = new ResizeObserver(() => this.#frames.request());
    resized.observe(scroller);
    const request = (): void => this.#frames.request();
    scroller.addEventListener("scroll", request, { passive: true });
    this.#cleanups.push(
      () => resized.disconnect(),
      onThemeChange(() => {
        this.#palette = readPalette();
        request();
      }),
      listenForGestures(plot, this.#gestures(true)),
      listenForGestures(axis, this.#gestures(false)),
    );
    this.#listenToNames();
  }

  #listenToNames(): void {
    const { element } = this.#names;
    const rowAt = (event: Event): number => {
      const row = (event.target as Element).closest<HTMLElement>("[data-row]");
      return row === null ? -1 : Number(row.dataset["row"]);
    };
    element.addEventListener("click", (event) => {
      const row = rowAt(event);
      if (row < 0) return;
      if ((event.target as Element).closest("button") !== null) this.#view?.toggle(row);
      else this.#view?.select(row);
    });
    element.addEventListener("dblclick", (event) => {
      if ((event.target as Element).closest("button") === null) this.#view?.toggle(rowAt(event));
    });
    element.addEventListener("pointermove", (event) => this.#hover(rowAt(event)));
    element.addEventListener("pointerleave", () => this.#hover(-1));
  }

  #gestures(hasRows: boolean): GestureTarget {
    const rowAt = (y: number): number => (hasRows ? this.#rowAt(y) : -1);
    return {
      hover: (x, y, event) => this.#hoverPlot(x, rowAt(y), event),
      leave: () => {
        this.#pointerX = undefined;
        this.#tooltip.hide();
        this.#hover(-1);
      },
      click: (_, y) => this.#view?.select(rowAt(y)),
      doubleClick: (_, y) => {
        const row = rowAt(y);
        if (row < 0) return this.#view?.showAll();
        this.#view?.select(row);
        this.#view?.focusSelection();
      },
      brush: (from, to, done) => this.#dragBrush(from, to, done),
      cancelBrush: () => this.#setBrush(undefined),
      drag: (dx, dy) => {
        this.#view?.pan(-dx / this.#plotWidth);
        this.#dom.scroller.scrollTop -= dy;
      },
      zoom: (x, amount) => this.#view?.zoom(1.0022 ** amount, this.#scale()?.toNano(x)),
      pan: (pixels) => this.#view?.pan(pixels / this.#plotWidth),
    };
  }

  #rowAt(y: number): number {
    const position = Math.floor((y + this.#dom.scroller.scrollTop) / rowHeight);
    return this.#view?.rows[position] ?? -1;
  }

  #hover(row: number): void {
    if (row === this.#hovered) return;
    this.#hovered = row;
    this.#frames.request();
  }

  #hoverPlot(x: number, row: number, event: PointerEvent): void {
    this.#pointerX = x;
    this.#hovered = row;
    this.#frames.request();
    const scale = this.#scale();
    if (this.#model === undefined || scale === undefined || row < 0) return this.#tooltip.hide();
    const { start, duration } = this.#model.layout;
    const from = scale.toPixel(start[row] as number);
    const over =
      x >= from - 3 && x <= from + Math.max(2, scale.lengthOf(duration[row] as number)) + 3;
    this.#dom.plot.classList.toggle(styles.onBar as string, over);
    if (over) this.#tooltip.show(this.#model, row, event.clientX, event.clientY);
    else this.#tooltip.hide();
  }

  #dragBrush(from: number, to: number, done: boolean): void {
    this.#tooltip.hide();
    const scale = this.#scale();
    if (!done || scale === undefined) return this.#setBrush({ from, to });
    this.#setBrush(undefined);
    const [left, right] = [
      Math.max(0, Math.min(from, to)),
      Math.min(scale.width, Math.max(from, to)),
    ];
    this.#view?.setWindow({ start: scale.toNano(left), end: scale.toNano(right) });
  }

  #setBrush(brush: { from: number; to: number } | undefined): void {
    this.#brush = brush;
    this.#frames.request();
  }

  #resizeNames(width: number): void {
    this.#nameWidth = Math.round(
      Math.min(Math.max(width, 140), this.#dom.scroller.clientWidth - 200),
    );
    this.#onNameWidth(this.#nameWidth);
    this.#frames.request();
  }

  #onViewChange(change: ViewChange): void {
    if (change === "reveal") this.#reveal();
    this.#frames.request();
  }

  /** Brings the selected row, and its bar where it is out of sight, on screen. */
  #reveal(): void {
    const view = this.#view;
    if (view === undefined || this.#model === undefined || view.selected < 0) return;
    this.#fitContent(view);
    const top = positionOf(view.rows, view.selected) * rowHeight;
    const { scroller } = this.#dom;
    const height = this.#bodyHeight;
    if (top < scroller.scrollTop || top > scroller.scrollTop + height)
      scroller.scrollTop = top - height / 2;
    else if (top + rowHeight * 2 > scroller.scrollTop + height)
      scroller.scrollTop = top + rowHeight * 2 - height;
    const start = this.#model.layout.start[view.selected] as number;
    const end = start + (this.#model.layout.duration[view.selected] as number);
    const { window } = view;
    if (end >= window.start && start <= window.end) return;
    const length = window.end - window.start;
    view.setWindow({ start: start - length * 0.1, end: start + length * 0.9 });
  }

  #fitContent(view: TraceView): void {
    const height = `${headHeight + (view.rows.length + 1) * rowHeight}px`;
    if (this.#dom.content.style.height !== height) this.#dom.content.style.height = height;
  }

  #draw(): void {
    const { scroller, viewport, splitter } = this.#dom;
    const [model, view, scale] = [this.#model, this.#view, this.#scale()];
    if (model === undefined || view === undefined || scale === undefined) return;
    this.#fitContent(view);
    viewport.style.height = `${scroller.clientHeight}px`;
    viewport.style.gridTemplateColumns = `${this.#nameWidth}px minmax(0, 1fr)`;
    splitter.style.left = `${this.#nameWidth}px`;
    const height = this.#bodyHeight;
    if (height <= 0 || scale.width <= 0) return;
    const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight));
    const count = Math.ceil(height / rowHeight) + 1;
    const top = first * rowHeight - scroller.scrollTop;
    const band: RowBand = { first, count, top, rowHeight, hovered: this.#hovered };
    this.#names.update(model, view, first, count, top, this.#hovered);
    this.#plot.begin(scale.width, height, this.#palette);
    drawRows(this.#plot, this.#palette, model, view, scale, band, height);
    this.#drawOverlay(scale, height);
    this.#axis.begin(scale.width, headHeight - 1, this.#palette);
    drawAxis(
      this.#axis,
      this.#palette,
      scale,
      headHeight,
      this.#brush === undefined ? this.#pointerX : undefined,
    );
  }

  #drawOverlay(scale: TimeScale, height: number): void {
    if (this.#brush !== undefined) {
      const left = Math.max(0, Math.min(this.#brush.from, this.#brush.to));
      const right = Math.min(scale.width, Math.max(this.#brush.from, this.#brush.to));
      this.#plot.rect(left, 0, right - left, height, this.#palette.brush);
      this.#plot.verticalLine(left, 0, height, this.#palette.accent);
      this.#plot.verticalLine(right, 0, height, this.#palette.accent);
      const length = formatDuration(scale.toNano(right) - scale.toNano(left));
      this.#plot.text(length, (left + right) / 2, 12, this.#palette.accent, "center", true);
    } else if (this.#pointerX !== undefined) {
      this.#plot.verticalLine(this.#pointerX, 0, height, this.#palette.border);
    }
  }
}
