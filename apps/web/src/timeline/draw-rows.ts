// Draws the rows on screen: backgrounds, grid, bars, event marks, durations. Touches the visible rows
// only, whatever the size of the trace.

import { RowFlag } from "@clew/analysis";
import { formatDuration } from "@clew/base";
import type { TraceModel } from "../trace/trace-model.ts";
import type { TraceView } from "../trace/trace-view.ts";
import { BarStyle, Bars, type Palette, type Renderer } from "./renderer.ts";
import { type TimeScale, ticks } from "./time-scale.ts";

/** The rows on screen. */
export interface RowBand {
  /** Position of the first one among the view's rows. */
  readonly first: number;
  readonly count: number;
  /** Where the first one begins, pixels. */
  readonly top: number;
  readonly rowHeight: number;
  /** Row under the pointer, -1 for none. */
  readonly hovered: number;
}

const barHeight = 12;
const minBarWidth = 2;
const tickDistance = 84;
// Marks closer than this would be a smear; one stands for all.
const markDistance = 4;

export function drawRows(
  renderer: Renderer,
  palette: Palette,
  model: TraceModel,
  view: TraceView,
  scale: TimeScale,
  band: RowBand,
  height: number,
): void {
  const last = Math.min(view.rows.length, band.first + band.count);
  for (let at = band.first; at < last; at++) {
    const row = view.rows[at];
    const colour =
      row === view.selected ? palette.selected : row === band.hovered ? palette.hover : undefined;
    if (colour === undefined) continue;
    renderer.rect(
      0,
      band.top + (at - band.first) * band.rowHeight,
      scale.width,
      band.rowHeight,
      colour,
    );
  }
  drawGrid(renderer, palette, scale, 0, height);
  const bars = new Bars(band.count);
  for (let at = band.first; at < last; at++) {
    pushBar(
      renderer,
      palette,
      bars,
      model,
      view,
      scale,
      view.rows[at] as number,
      band.top + (at - band.first) * band.rowHeight,
    );
  }
  renderer.bars(bars, barHeight);
  for (let at = band.first; at < last; at++) {
    const middle = band.top + (at - band.first + 0.5) * band.rowHeight;
    const row = view.rows[at] as number;
    drawEvents(renderer, palette, model, scale, row, middle);
    drawLabel(renderer, palette, model, view, scale, row, middle);
  }
}

function pushBar(
  renderer: Renderer,
  palette: Palette,
  bars: Bars,
  { layout }: TraceModel,
  view: TraceView,
  scale: TimeScale,
  row: number,
  top: number,
): void {
  const flags = layout.flags[row] as number;
  const from = scale.toPixel(layout.start[row] as number);
  const width = Math.max(minBarWidth, scale.lengthOf(layout.duration[row] as number));
  const y = top + 6;
  const colour = layout.service[row] as number;
  if (view.collapsed[row] === 1) {
    // A line as long as what is folded away, where that outlives the span.
    const reach = Math.min(scale.toPixel(layout.subtreeEnd[row] as number), scale.width);
    if (reach > from + width) {
      const left = Math.max(0, from + width);
      renderer.rect(
        left,
        y + barHeight / 2 - 1,
        Math.max(0, reach - left),
        2,
        palette.series[colour % palette.series.length] as string,
        0.55,
      );
    }
  }
  if (from > scale.width || from + width < 0) return;
  // Clipped a little outside of the plot: browsers lose precision on bars of millions of pixels.
  const left = Math.max(-20, from);
  let style = 0;
  if (view.matches !== undefined && view.matches.byRow[row] !== 1) style |= BarStyle.Dim;
  if (flags & RowFlag.Error) style |= BarStyle.Error;
  if (flags & RowFlag.Placeholder) style |= BarStyle.Ghost;
  bars.push(left, y, Math.min(scale.width + 20, from + width) - left, colour, style);
}

const marks = new Float32Array(256);

function drawEvents(
  renderer: Renderer,
  palette: Palette,
  model: TraceModel,
  scale: TimeScale,
  row: number,
  y: number,
): void {
  const { batch, layout } = model;
  const span = layout.span[row] as number;
  if (span < 0) return;
  const from = batch.eventOffsets[span] as number;
  const to = batch.eventOffsets[span + 1] as number;
  if (from === to) return;
  const startLow = Number(layout.startNano & 0xffffffffn);
  const startHigh = Number(layout.startNano >> 32n);
  let count = 0;
  // A span may carry thousands of events; beyond a plot's worth of marks there is nothing to see.
  for (let event = from; event < to && count < marks.length; event++) {
    const low = batch.eventTime[event * 2] as number;
    const high = batch.eventTime[event * 2 + 1] as number;
    const x = scale.toPixel((high - startHigh) * 4294967296 + (low - startLow));
    if (x < -4 || x > scale.width + 4) continue;
    if (count > 0 && Math.abs(x - (marks[count - 1] as number)) < markDistance) continue;
    marks[count++] = x;
  }
  if (count > 0) renderer.markers(marks, count, y, 3.2, palette.background, palette.text);
}

function drawLabel(
  renderer: Renderer,
  palette: Palette,
  { layout }: TraceModel,
  view: TraceView,
  scale: TimeScale,
  row: number,
  y: number,
): void {
  const start = layout.start[row] as number;
  const duration = layout.duration[row] as number;
  const from = scale.toPixel(start);
  const to = from + Math.max(minBarWidth, scale.lengthOf(duration));
  const dim = view.matches !== undefined && view.matches.byRow[row] !== 1;
  const colour = dim ? palette.border : palette.muted;
  if (from > scale.width) return renderer.text("›", scale.width - 4, y, colour, "right");
  if (to < 0) return renderer.text("‹", 4, y, colour, "left");
  const label = formatDuration(duration);
  const room = renderer.textWidth(label) + 8;
  if (to + room <= scale.width) renderer.text(label, to + 5, y, colour, "left");
  else if (from - room >= 0) renderer.text(label, from - 5, y, colour, "right");
  else {
    // The bar fills the plot: the label goes on a patch of background inside it.
    const right = Math.min(to, scale.width) - 6;
    renderer.rect(right - room, y - 7, room, 14, palette.background, 0.82);
    renderer.text(label, right - 4, y, palette.text, "right");
  }
}

/** Vertical lines at round times. */
export function drawGrid(
  renderer: Renderer,
  palette: Palette,
  scale: TimeScale,
  top: number,
  height: number,
): void {
  for (const tick of ticks(scale, tickDistance))
    renderer.verticalLine(scale.toPixel(tick), top, height, palette.grid);
}

/** Times at the grid lines, and the time under the pointer. */
export function drawAxis(
  renderer: Renderer,
  palette: Palette,
  scale: TimeScale,
  height: number,
  pointerX: number | undefined,
): void {
  const middle = height / 2;
  const pointer = pointerX === undefined ? undefined : formatDuration(scale.toNano(pointerX));
  const half = pointer === undefined ? 0 : renderer.textWidth(pointer) / 2 + 6;
  const centre =
    pointerX === undefined ? 0 : Math.min(Math.max(pointerX, half), scale.width - half);
  for (const tick of ticks(scale, tickDistance)) {
    const x = scale.toPixel(tick);
    const label = formatDuration(tick);
    if (x + renderer.textWidth(label) + 8 > scale.width) continue;
    renderer.verticalLine(x, height - 8, 8, palette.border);
    const covered =
      pointer !== undefined &&
      x + renderer.textWidth(label) + 8 > centre - half &&
      x < centre + half;
    if (!covered) renderer.text(label, x + 5, middle, palette.muted);
  }
  if (pointer === undefined) return;
  renderer.rect(centre - half, 4, half * 2, height - 9, palette.selected);
  renderer.text(pointer, centre, middle, palette.text, "center");
}
