// The frame of a canvas chart: grid lines and labels of both axes.

import { formatDuration } from "@clew/base";
import { readTokens } from "../theme/theme.ts";
import { clockLabel, type DurationScale, type PlotArea, timeTicks } from "./plot-scale.ts";

export interface TimeExtent {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Draws grid and labels; returns the function from time to pixels. */
export function drawFrame(
  context: CanvasRenderingContext2D,
  area: PlotArea,
  time: TimeExtent,
  scale: DurationScale,
  format: (value: number) => string = formatDuration,
): (ms: number) => number {
  const tokens = readTokens(["muted", "grid", "font"]);
  const toX = (ms: number): number =>
    area.left + ((ms - time.fromMs) / (time.toMs - time.fromMs)) * area.width;
  context.font = `11px ${tokens.font}`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const tick of scale.ticks()) {
    const y = Math.round(scale.toPixel(tick));
    context.fillStyle = tokens.grid;
    context.fillRect(area.left, y, area.width, 1);
    context.fillStyle = tokens.muted;
    if (y > area.top + 4) context.fillText(format(tick), area.left - 6, y);
  }
  context.textAlign = "center";
  const ticks = timeTicks(time.fromMs, time.toMs, area.width, 90);
  const step = ticks.length > 1 ? (ticks[1] as number) - (ticks[0] as number) : 60_000;
  for (const tick of ticks) {
    const x = Math.round(toX(tick));
    context.fillStyle = tokens.grid;
    context.fillRect(x, area.top, 1, area.height);
    context.fillStyle = tokens.muted;
    if (x > area.left + 14 && x < area.left + area.width - 18)
      context.fillText(clockLabel(tick, step), x, area.top + area.height + 11);
  }
  return toX;
}
