// Duration over time, a point a trace. Traces with errors differ in shape as well as in colour. A click
// opens the nearest trace.

import { formatDuration, oneLine } from "@clew/base";
import type { TraceSummary } from "@clew/model";
import { type MouseEvent, type ReactElement, useMemo, useRef, useState } from "react";
import type { ResolvedRange } from "../router/time-range.ts";
import { readTokens } from "../theme/theme.ts";
import styles from "./charts.module.css";
import { drawFrame, type TimeExtent } from "./draw-frame.ts";
import { tooltipPlace } from "./heat-map.tsx";
import { DurationScale, type PlotArea } from "./plot-scale.ts";
import { type Surface, useCanvasWidth, useDrawing } from "./use-canvas.ts";

const height = 168;
// How close to a point the pointer must be, pixels.
const reach = 14;

interface Points {
  readonly ms: Float64Array;
  readonly nano: Float64Array;
  readonly failed: Uint8Array;
  readonly low: number;
  readonly high: number;
}

function pointsOf(traces: readonly TraceSummary[]): Points {
  const ms = new Float64Array(traces.length);
  const nano = new Float64Array(traces.length);
  const failed = new Uint8Array(traces.length);
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  traces.forEach((trace, i) => {
    ms[i] = Number(BigInt(trace.startUnixNano) / 1000n) / 1000;
    nano[i] = trace.durationNano;
    failed[i] = trace.errorCount > 0 ? 1 : 0;
    low = Math.min(low, Math.max(1000, trace.durationNano));
    high = Math.max(high, trace.durationNano);
  });
  return { ms, nano, failed, low: low / 1.6, high: high * 1.6 };
}

export interface ScatterProps {
  readonly traces: readonly TraceSummary[];
  readonly range: ResolvedRange;
  readonly onOpen: (trace: TraceSummary, event: MouseEvent) => void;
}

export function Scatter({ traces, range, onOpen }: ScatterProps): ReactElement {
  const points = useMemo(() => pointsOf(traces), [traces]);
  const [pointer, setPointer] = useState<{ x: number; y: number }>();
  const time: TimeExtent = {
    fromMs: Number(range.startNano / 1_000_000n),
    toMs: Number(range.endNano / 1_000_000n),
  };
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useCanvasWidth(canvas);
  const area: PlotArea = { left: 62, top: 8, width: Math.max(1, width - 76), height: height - 32 };
  const scale = new DurationScale(points.low, points.high, area);
  const nearest = pointer === undefined ? -1 : nearestPoint(points, pointer, area, time, scale);
  useDrawing(canvas, (surface) => drawPoints(surface, points, area, time, scale, nearest));
  const trace = traces[nearest];
  return (
    <div
      className={styles.plot}
      style={{ height, cursor: nearest >= 0 ? "pointer" : "default" }}
      onPointerMove={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        setPointer({ x: event.clientX - box.left, y: event.clientY - box.top });
      }}
      onPointerLeave={() => setPointer(undefined)}
      onClick={(event) => {
        if (trace !== undefined) onOpen(trace, event);
      }}
    >
      <canvas
        ref={canvas}
        role="img"
        aria-label="Duration of the found traces over time; the list below holds the same traces"
      />
      {trace !== undefined && pointer !== undefined && (
        <div className={styles.tooltip} style={tooltipPlace(pointer, width)}>
          <strong>
            {oneLine(trace.rootService ?? trace.matched.service, 40)}{" "}
            {oneLine(trace.rootName ?? trace.matched.name, 60)}
          </strong>
          <span>
            {formatDuration(trace.durationNano)} · {trace.spanCount} spans
            {trace.errorCount > 0 && ` · ${trace.errorCount} errors`}
          </span>
        </div>
      )}
    </div>
  );
}

function toX(ms: number, area: PlotArea, time: TimeExtent): number {
  return area.left + ((ms - time.fromMs) / (time.toMs - time.fromMs)) * area.width;
}

function nearestPoint(
  points: Points,
  pointer: { x: number; y: number },
  area: PlotArea,
  time: TimeExtent,
  scale: DurationScale,
): number {
  let best = -1;
  let bestDistance = reach;
  for (let i = 0; i < points.ms.length; i++) {
    const distance = Math.hypot(
      toX(points.ms[i] as number, area, time) - pointer.x,
      scale.toPixel(points.nano[i] as number) - pointer.y,
    );
    if (distance >= bestDistance) continue;
    best = i;
    bestDistance = distance;
  }
  return best;
}

function drawPoints(
  { context, width }: Surface,
  points: Points,
  area: PlotArea,
  time: TimeExtent,
  scale: DurationScale,
  nearest: number,
): void {
  context.clearRect(0, 0, width, height);
  drawFrame(context, area, time, scale);
  const tokens = readTokens(["accent", "error", "text", "surface"]);
  const draw = (i: number): void => {
    const x = toX(points.ms[i] as number, area, time);
    if (x < area.left - 6 || x > area.left + area.width + 6) return;
    const y = scale.toPixel(points.nano[i] as number);
    const failed = points.failed[i] === 1;
    context.beginPath();
    if (failed) diamond(context, x, y, 5);
    else context.arc(x, y, 3.5, 0, Math.PI * 2);
    context.fillStyle = failed ? tokens.error : tokens.accent;
    context.globalAlpha = i === nearest ? 1 : failed ? 0.85 : 0.5;
    context.fill();
    context.globalAlpha = 1;
    if (i !== nearest) return;
    context.strokeStyle = tokens.text;
    context.lineWidth = 1.5;
    context.stroke();
  };
  // Failed ones last: they must not be covered.
  for (let i = 0; i < points.ms.length; i++) if (points.failed[i] === 0) draw(i);
  for (let i = 0; i < points.ms.length; i++) if (points.failed[i] === 1) draw(i);
  if (nearest >= 0) draw(nearest);
}

function diamond(context: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  context.moveTo(x, y - size);
  context.lineTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.closePath();
}
