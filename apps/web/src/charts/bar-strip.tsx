// Counts over time as a low strip of bars, the share of errors at the foot of each. Dragging picks a time range.

import { type PointerEvent, type ReactElement, useRef, useState } from "react";
import { formatCompact } from "../format/number.ts";
import { readTokens } from "../theme/theme.ts";
import styles from "./charts.module.css";
import { tooltipPlace } from "./heat-map.tsx";
import { clockLabel, timeTicks } from "./plot-scale.ts";
import { type Surface, useCanvasWidth, useDrawing } from "./use-canvas.ts";

const height = 76;
const foot = 18;
const side = 14;

export interface Bar {
  /** End of the step, milliseconds since 1970. */
  readonly endMs: number;
  readonly count: number;
  readonly errors: number;
}

export interface BarStripProps {
  /** Ascending, one a step. */
  readonly bars: readonly Bar[];
  readonly stepMs: number;
  readonly label: string;
  readonly unit: string;
  readonly onRange: (fromMs: number, toMs: number) => void;
}

export function BarStrip({ bars, stepMs, label, unit, onRange }: BarStripProps): ReactElement {
  const ref = useRef<HTMLCanvasElement>(null);
  const width = useCanvasWidth(ref);
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const [pointer, setPointer] = useState<number>();
  const fromMs = (bars[0]?.endMs ?? 0) - stepMs;
  const toMs = bars.at(-1)?.endMs ?? 1;
  const plot = Math.max(1, width - 2 * side);
  const toTime = (x: number): number => fromMs + ((x - side) / plot) * (toMs - fromMs);
  useDrawing(ref, (surface) => draw(surface, bars, stepMs, drag));
  const at = (event: PointerEvent): number => {
    const { left } = event.currentTarget.getBoundingClientRect();
    return Math.min(Math.max(event.clientX - left, side), side + plot);
  };
  const finish = (): void => {
    if (drag === undefined) return;
    setDrag(undefined);
    const [low, high] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
    if (high - low >= 4) onRange(toTime(low), toTime(high));
  };
  const bar =
    pointer === undefined || drag !== undefined || bars.length === 0
      ? undefined
      : bars[Math.min(bars.length - 1, Math.floor((toTime(pointer) - fromMs) / stepMs))];
  return (
    <div
      className={styles.plot}
      style={{ height, cursor: "crosshair", touchAction: "none" }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: at(event), to: at(event) });
      }}
      onPointerMove={(event) => {
        setPointer(at(event));
        if (drag !== undefined) setDrag({ ...drag, to: at(event) });
      }}
      onPointerUp={finish}
      onPointerCancel={() => setDrag(undefined)}
      onPointerLeave={() => setPointer(undefined)}
    >
      <canvas ref={ref} role="img" aria-label={label} />
      {bar !== undefined && pointer !== undefined && (
        <div className={styles.tooltip} style={tooltipPlace({ x: pointer, y: 58 }, width)}>
          <strong>
            {formatCompact(bar.count)} {unit}
          </strong>
          <span>
            {clockLabel(bar.endMs - stepMs, 1000)} – {clockLabel(bar.endMs, 1000)}
            {bar.errors > 0 && `, ${formatCompact(bar.errors)} failed`}
          </span>
        </div>
      )}
    </div>
  );
}

function draw(
  { context, width }: Surface,
  bars: readonly Bar[],
  stepMs: number,
  drag: { from: number; to: number } | undefined,
): void {
  const tokens = readTokens(["accent", "error", "muted", "grid", "brush", "font"]);
  context.clearRect(0, 0, width, height);
  const plot = Math.max(1, width - 2 * side);
  const tall = height - foot - 8;
  context.fillStyle = tokens.grid;
  context.fillRect(side, height - foot, plot, 1);
  if (bars.length === 0) return;
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const wide = plot / bars.length;
  bars.forEach(({ count, errors }, i) => {
    if (count <= 0) return;
    const x = side + i * wide;
    const high = Math.max(1.5, (count / most) * tall);
    context.globalAlpha = 0.55;
    context.fillStyle = tokens.accent;
    context.fillRect(x, height - foot - high, Math.max(1, wide - 1), high);
    context.globalAlpha = 1;
    if (errors <= 0) return;
    const failed = Math.max(2, (errors / most) * tall);
    context.fillStyle = tokens.error;
    context.fillRect(x, height - foot - failed, Math.max(1, wide - 1), failed);
  });
  const [fromMs, toMs] = [(bars[0] as Bar).endMs - stepMs, (bars.at(-1) as Bar).endMs];
  const ticks = timeTicks(fromMs, toMs, plot, 90);
  context.font = `11px ${tokens.font}`;
  context.fillStyle = tokens.muted;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const tick of ticks) {
    const x = side + ((tick - fromMs) / (toMs - fromMs)) * plot;
    if (x > side + 16 && x < side + plot - 16)
      context.fillText(
        clockLabel(tick, (ticks[1] ?? 0) - (ticks[0] ?? 0)),
        x,
        height - foot / 2 + 1,
      );
  }
  if (drag === undefined) return;
  context.fillStyle = tokens.brush;
  context.fillRect(Math.min(drag.from, drag.to), 0, Math.abs(drag.to - drag.from), height - foot);
}
