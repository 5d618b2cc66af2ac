// The whole trace in a strip: where the time goes, where the errors are, and the window that the
// waterfall shows. Drag to choose a window, drag the window to move it, its edges to resize it.

import { RowFlag, type TraceLayout } from "@clew/analysis";
import { formatDuration } from "@clew/base";
import { onThemeChange } from "../theme/theme.ts";
import type { TraceView } from "../trace/trace-view.ts";
import { FrameLoop } from "./frame-loop.ts";
import { readPalette } from "./palette.ts";
import type { Palette } from "./renderer.ts";
import { TimeScale, type TimeWindow, ticks } from "./time-scale.ts";

const axisHeight = 16;
const edgeSlack = 5;
// At most so many bars in one line of pixels; the longest of the rows that share it.
const barsPerLine = 12;

type Drag =
  | { readonly kind: "brush"; readonly from: number }
  | { readonly kind: "move"; readonly grab: number; readonly window: TimeWindow }
  | { readonly kind: "start" | "end"; readonly window: TimeWindow };

export class Minimap {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #frames = new FrameLoop(() => this.#draw());
  readonly #abort = new AbortController();
  readonly #cleanups: (() => void)[] = [];
  #palette: Palette = readPalette();
  #view: TraceView | undefined;
  #picture: OffscreenCanvas | undefined;
  #drag: Drag | undefined;

  /** Throws when the browser gives no 2D context. */
  constructor(canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("this browser gives no 2D canvas");
    this.#canvas = canvas;
    this.#context = context;
    const resized = new ResizeObserver(() => this.#redraw());
    resized.observe(canvas);
    this.#cleanups.push(
      () => resized.disconnect(),
      onThemeChange(() => {
        this.#palette = readPalette();
        this.#redraw();
      }),
    );
    this.#listen();
  }

  setData(view: TraceView): void {
    this.#view = view;
    this.#cleanups.push(
      view.subscribe((change) => {
        if (change === "matches") this.#picture = undefined;
        this.#frames.request();
      }),
    );
    this.#redraw();
  }

  dispose(): void {
    this.#abort.abort();
    this.#frames.dispose();
    for (const cleanup of this.#cleanups) cleanup();
  }

  #redraw(): void {
    this.#picture = undefined;
    this.#frames.request();
  }

  #scale(): TimeScale | undefined {
    return this.#view === undefined
      ? undefined
      : new TimeScale(this.#view.whole, this.#canvas.clientWidth);
  }

  #listen(): void {
    const canvas = this.#canvas;
    const options = { signal: this.#abort.signal };
    canvas.addEventListener(
      "pointerdown",
      (event) => {
        if (event.button !== 0) return;
        canvas.setPointerCapture(event.pointerId);
        this.#drag = this.#dragAt(event.offsetX);
      },
      options,
    );
    canvas.addEventListener(
      "pointermove",
      (event) => {
        if (this.#drag === undefined) canvas.style.cursor = this.#cursorAt(event.offsetX);
        else this.#dragTo(this.#drag, event.offsetX);
      },
      options,
    );
    const end = (): void => {
      this.#drag = undefined;
    };
    canvas.addEventListener("pointerup", end, options);
    canvas.addEventListener("pointercancel", end, options);
    canvas.addEventListener("dblclick", () => this.#view?.showAll(), options);
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const scale = this.#scale();
        if (scale === undefined) return;
        if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
          this.#view?.pan((event.deltaX === 0 ? event.deltaY : event.deltaX) / scale.width);
        } else this.#view?.zoom(1.0022 ** event.deltaY, scale.toNano(event.offsetX));
      },
      { signal: this.#abort.signal, passive: false },
    );
  }

  #dragAt(x: number): Drag | undefined {
    const [view, scale] = [this.#view, this.#scale()];
    if (view === undefined || scale === undefined) return undefined;
    const { window } = view;
    const [left, right] = [scale.toPixel(window.start), scale.toPixel(window.end)];
    if (view.isWhole) return { kind: "brush", from: x };
    if (Math.abs(x - left) <= edgeSlack) return { kind: "start", window };
    if (Math.abs(x - right) <= edgeSlack) return { kind: "end", window };
    if (x > left && x < right) return { kind: "move", grab: scale.toNano(x), window };
    return { kind: "brush", from: x };
  }

  #cursorAt(x: number): string {
    const kind = this.#dragAt(x)?.kind ?? "brush";
    return { brush: "crosshair", move: "grab", start: "ew-resize", end: "ew-resize" }[kind];
  }

  #dragTo(drag: Drag, x: number): void {
    const [view, scale] = [this.#view, this.#scale()];
    if (view === undefined || scale === undefined) return;
    const nano = scale.toNano(Math.min(Math.max(x, 0), scale.width));
    if (drag.kind === "move") {
      const by = nano - drag.grab;
      view.setWindow({ start: drag.window.start + by, end: drag.window.end + by });
      return;
    }
    const fixed =
      drag.kind === "brush"
        ? scale.toNano(drag.from)
        : drag.kind === "start"
          ? drag.window.end
          : drag.window.start;
    if (Math.abs(scale.toPixel(fixed) - scale.toPixel(nano)) < 3) return;
    view.setWindow({ start: Math.min(fixed, nano), end: Math.max(fixed, nano) });
  }

  #draw(): void {
    const [view, scale] = [this.#view, this.#scale()];
    const [width, height] = [this.#canvas.clientWidth, this.#canvas.clientHeight];
    if (view === undefined || scale === undefined || width === 0) return;
    const ratio = Math.max(1, window.devicePixelRatio);
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== w || this.#canvas.height !== h) {
      this.#canvas.width = w;
      this.#canvas.height = h;
    }
    this.#picture ??= paintTrace(view, scale, height, ratio, this.#palette);
    const context = this.#context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.#picture, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (!view.isWhole) this.#drawWindow(scale, view.window, height);
  }

  #drawWindow(scale: TimeScale, window: TimeWindow, height: number): void {
    const context = this.#context;
    const left = scale.toPixel(window.start);
    const right = Math.max(left + 1, scale.toPixel(window.end));
    context.fillStyle = this.#palette.background;
    context.globalAlpha = 0.66;
    context.fillRect(0, axisHeight, left, height);
    context.fillRect(right, axisHeight, scale.width - right, height);
    context.globalAlpha = 1;
    context.fillStyle = this.#palette.accent;
    context.fillRect(left, axisHeight, right - left, 2);
    for (const edge of [left, right]) {
      context.fillRect(edge - 0.5, axisHeight, 1, height - axisHeight);
      context.beginPath();
      context.roundRect(edge - 2.5, axisHeight + (height - axisHeight) / 2 - 7, 5, 14, 2);
      context.fill();
    }
  }
}

/** The trace as a picture: rows squeezed to lines of pixels, errors on top. */
function paintTrace(
  view: TraceView,
  scale: TimeScale,
  height: number,
  ratio: number,
  palette: Palette,
): OffscreenCanvas {
  const { layout } = view;
  const picture = new OffscreenCanvas(
    Math.max(1, Math.round(scale.width * ratio)),
    Math.max(1, Math.round(height * ratio)),
  );
  const context = picture.getContext("2d") as OffscreenCanvasRenderingContext2D;
  context.scale(ratio, ratio);
  context.fillStyle = palette.background;
  context.fillRect(0, 0, scale.width, height);
  paintAxis(context, scale, height, palette);
  const room = height - axisHeight - 6;
  const line = Math.min(4, room / Math.max(1, layout.rowCount));
  const thickness = Math.max(1, line * 0.75);
  const lines = chooseRows(layout, Math.max(1, Math.floor(room)), barsPerLine);
  const y = (row: number): number =>
    axisHeight + 3 + (line < 1 ? (row / layout.rowCount) * room : row * line);
  const paint = (row: number): void => {
    const matched = view.matches === undefined || view.matches.byRow[row] === 1;
    context.globalAlpha = matched ? 1 : 0.15;
    context.fillRect(
      scale.toPixel(layout.start[row] as number),
      y(row),
      Math.max(1, scale.lengthOf(layout.duration[row] as number)),
      thickness,
    );
  };
  for (const row of lines) {
    if ((layout.flags[row] as number) & RowFlag.Placeholder) continue;
    context.fillStyle = palette.series[
      (layout.service[row] as number) % palette.series.length
    ] as string;
    paint(row);
  }
  context.fillStyle = palette.error;
  for (const row of errorRows(layout, scale)) {
    paint(row);
    // A tick at the foot, so that a short error is seen and is told from colour alone.
    context.globalAlpha = 1;
    const x = scale.toPixel(layout.start[row] as number);
    context.beginPath();
    context.moveTo(x, height - 6);
    context.lineTo(x + 3.5, height);
    context.lineTo(x - 3.5, height);
    context.fill();
  }
  return picture;
}

function paintAxis(
  context: OffscreenCanvasRenderingContext2D,
  scale: TimeScale,
  height: number,
  palette: Palette,
): void {
  context.font = palette.font;
  context.textBaseline = "middle";
  for (const tick of ticks(scale, 110)) {
    const x = Math.round(scale.toPixel(tick));
    context.fillStyle = palette.grid;
    context.fillRect(x, 0, 1, height);
    const label = formatDuration(tick);
    if (x + context.measureText(label).width + 8 > scale.width) continue;
    context.fillStyle = palette.muted;
    context.fillText(label, x + 4, axisHeight / 2);
  }
}

/** Rows to paint: all where they fit, else the longest few of those that share a line of pixels. */
function chooseRows(layout: TraceLayout, lineCount: number, perLine: number): number[] {
  const { rowCount, duration } = layout;
  const rows: number[] = [];
  const rowsPerLine = Math.max(1, Math.ceil(rowCount / lineCount));
  for (let from = 0; from < rowCount; from += rowsPerLine) {
    const to = Math.min(rowCount, from + rowsPerLine);
    if (to - from <= perLine) for (let row = from; row < to; row++) rows.push(row);
    else rows.push(...longest(duration, from, to, perLine));
  }
  return rows;
}

function longest(duration: Float64Array, from: number, to: number, count: number): number[] {
  const best: number[] = [];
  for (let row = from; row < to; row++) {
    const length = duration[row] as number;
    if (best.length === count && length <= (duration[best[count - 1] as number] as number))
      continue;
    let at = best.length;
    while (at > 0 && (duration[best[at - 1] as number] as number) < length) at--;
    best.splice(at, 0, row);
    if (best.length > count) best.pop();
  }
  return best;
}

/** Rows with errors, at most one a pixel column. */
function errorRows(layout: TraceLayout, scale: TimeScale): number[] {
  const rows: number[] = [];
  const taken = new Uint8Array(Math.ceil(scale.width) + 2);
  for (let row = 0; row < layout.rowCount; row++) {
    if (((layout.flags[row] as number) & RowFlag.Error) === 0) continue;
    const column = Math.max(0, Math.floor(scale.toPixel(layout.start[row] as number)));
    if (taken[column] === 1) continue;
    taken[column] = 1;
    rows.push(row);
  }
  return rows;
}
