// Latency heat map: time along x, duration along y, darker where more requests are. Cells that hold
// errors carry a mark. Dragging a region hands it to the caller.

import { formatDuration } from "@clew/base";
import type { Heatmap } from "@clew/model";
import { type PointerEvent, type ReactElement, useRef, useState } from "react";
import { formatCompact } from "../format/number.ts";
import { readTokens } from "../theme/theme.ts";
import styles from "./charts.module.css";
import { drawFrame } from "./draw-frame.ts";
import { clockLabel, DurationScale, type PlotArea } from "./plot-scale.ts";
import { type Surface, useCanvasWidth, useDrawing } from "./use-canvas.ts";

const height = 220;

/** A region of the map. */
export interface HeatRegion {
  readonly fromMs: number;
  readonly toMs: number;
  readonly minNano: number;
  readonly maxNano: number;
}

interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

interface Cells {
  readonly firstBucket: number;
  readonly lastBucket: number;
  readonly most: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The part of the map that has counts, with a bucket of air on both sides. */
function cellsOf(map: Heatmap): Cells {
  let first = map.bucketNano.length;
  let last = 0;
  let most = 0;
  for (const column of map.counts) {
    column.forEach((count, bucket) => {
      if (count <= 0) return;
      first = Math.min(first, bucket);
      last = Math.max(last, bucket);
      most = Math.max(most, count);
    });
  }
  const fromMs = Number(BigInt(map.startUnixNano) / 1_000_000n);
  const buckets = map.bucketNano.length - 1;
  return {
    firstBucket: Math.max(0, first - 1),
    lastBucket: Math.min(buckets - 1, last + 1),
    most,
    fromMs,
    toMs: fromMs + (map.counts.length * map.stepNano) / 1e6,
  };
}

export function HeatMap({
  map,
  onRegion,
  region,
  format = formatDuration,
}: {
  map: Heatmap;
  onRegion: (region: HeatRegion) => void;
  /** Stays marked. */
  region?: HeatRegion;
  /** Of values, where they are not durations. */
  format?: (value: number) => string;
}): ReactElement {
  const [drag, setDrag] = useState<Box>();
  const [pointer, setPointer] = useState<{ x: number; y: number }>();
  const cells = cellsOf(map);
  const ref = useRef<HTMLCanvasElement>(null);
  const width = useCanvasWidth(ref);
  useDrawing(ref, (surface) => drawMap(surface, map, cells, { drag, region, format }));
  const area = areaOf(width);
  const scale = scaleOf(map, cells, area);
  const toMs = (x: number): number =>
    cells.fromMs + ((x - area.left) / area.width) * (cells.toMs - cells.fromMs);
  const at = (event: PointerEvent): { x: number; y: number } => {
    const box = event.currentTarget.getBoundingClientRect();
    return {
      x: Math.min(Math.max(event.clientX - box.left, area.left), area.left + area.width),
      y: Math.min(Math.max(event.clientY - box.top, area.top), area.top + area.height),
    };
  };
  const finish = (): void => {
    if (drag === undefined) return;
    setDrag(undefined);
    const [x0, x1] = [Math.min(drag.x0, drag.x1), Math.max(drag.x0, drag.x1)];
    const [y0, y1] = [Math.min(drag.y0, drag.y1), Math.max(drag.y0, drag.y1)];
    if (x1 - x0 < 4 && y1 - y0 < 4) return;
    onRegion({
      fromMs: toMs(x0),
      toMs: toMs(x1),
      minNano: scale.toNano(y1),
      maxNano: scale.toNano(y0),
    });
  };
  const hovered =
    pointer === undefined || drag !== undefined
      ? undefined
      : cellAt(map, toMs(pointer.x), scale.toNano(pointer.y), cells);
  return (
    <div
      className={styles.plot}
      style={{ height, cursor: "crosshair", touchAction: "none" }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        const { x, y } = at(event);
        setDrag({ x0: x, y0: y, x1: x, y1: y });
      }}
      onPointerMove={(event) => {
        const { x, y } = at(event);
        setPointer({ x, y });
        if (drag !== undefined) setDrag({ ...drag, x1: x, y1: y });
      }}
      onPointerUp={finish}
      onPointerCancel={() => setDrag(undefined)}
      onPointerLeave={() => setPointer(undefined)}
    >
      <canvas
        ref={ref}
        role="img"
        aria-label="Latency heat map; drag a region to search for its traces"
      />
      {hovered !== undefined && pointer !== undefined && (
        <div className={styles.tooltip} style={tooltipPlace(pointer, width)}>
          <strong>
            {format(hovered.low)} – {format(hovered.high)}
          </strong>
          <span>
            {clockLabel(hovered.ms, 1000)} · {formatCompact(hovered.count)} spans
            {hovered.errors > 0 && `, ${formatCompact(hovered.errors)} failed`}
          </span>
        </div>
      )}
    </div>
  );
}

/** Beside the pointer, on the side that has room. */
export function tooltipPlace(
  pointer: { x: number; y: number },
  width: number,
): React.CSSProperties {
  const vertical = { top: Math.max(0, pointer.y - 52) };
  return pointer.x > width / 2
    ? { right: width - pointer.x + 12, ...vertical }
    : { left: pointer.x + 12, ...vertical };
}

function areaOf(width: number): PlotArea {
  return { left: 62, top: 10, width: Math.max(1, width - 76), height: height - 34 };
}

function scaleOf(map: Heatmap, cells: Cells, area: PlotArea): DurationScale {
  return new DurationScale(
    map.bucketNano[cells.firstBucket] ?? 1e6,
    map.bucketNano[cells.lastBucket + 1] ?? 1e9,
    area,
  );
}

function cellAt(
  map: Heatmap,
  ms: number,
  nano: number,
  cells: Cells,
): { low: number; high: number; count: number; errors: number; ms: number } | undefined {
  const column = Math.floor(((ms - cells.fromMs) * 1e6) / map.stepNano);
  const bucket = map.bucketNano.findLastIndex((low) => low <= nano);
  const count = map.counts[column]?.[bucket] ?? 0;
  if (count <= 0) return undefined;
  return {
    low: map.bucketNano[bucket] as number,
    high: map.bucketNano[bucket + 1] as number,
    count,
    errors: map.errorCounts[column]?.[bucket] ?? 0,
    ms: cells.fromMs + (column * map.stepNano) / 1e6,
  };
}

function drawMap(
  { context, width }: Surface,
  map: Heatmap,
  cells: Cells,
  {
    drag,
    region,
    format,
  }: {
    drag: Box | undefined;
    region: HeatRegion | undefined;
    format: (value: number) => string;
  },
): void {
  const area = areaOf(width);
  const scale = scaleOf(map, cells, area);
  const tokens = readTokens(["heat-0", "heat-1", "error", "brush", "accent", "surface"]);
  context.clearRect(0, 0, width, height);
  const toX = drawFrame(context, area, cells, scale, format);
  const stepMs = map.stepNano / 1e6;
  // Counts of a heat map span magnitudes; the root keeps the rare, slow cells visible.
  const ramp = colourRamp(tokens["heat-0"], tokens["heat-1"]);
  map.counts.forEach((column, i) => {
    const x = toX(cells.fromMs + i * stepMs);
    const w = Math.max(1, toX(cells.fromMs + (i + 1) * stepMs) - x - 0.75);
    for (let bucket = cells.firstBucket; bucket <= cells.lastBucket; bucket++) {
      const count = column[bucket] ?? 0;
      if (count <= 0) continue;
      const top = scale.toPixel(map.bucketNano[bucket + 1] as number);
      const h = Math.max(1, scale.toPixel(map.bucketNano[bucket] as number) - top - 0.75);
      context.fillStyle = ramp(0.12 + 0.88 * Math.sqrt(count / cells.most));
      context.fillRect(x, top, w, h);
      if ((map.errorCounts[i]?.[bucket] ?? 0) <= 0) continue;
      context.fillStyle = tokens.error;
      context.fillRect(x, top, Math.max(2, Math.min(3, w / 3)), h);
    }
  });
  const marked: Box | undefined =
    drag ??
    (region && {
      x0: toX(region.fromMs),
      x1: toX(region.toMs),
      y0: scale.toPixel(region.maxNano),
      y1: scale.toPixel(region.minNano),
    });
  if (marked === undefined) return;
  context.fillStyle = tokens.brush;
  context.strokeStyle = tokens.accent;
  const box = [
    Math.min(marked.x0, marked.x1),
    Math.min(marked.y0, marked.y1),
    Math.abs(marked.x1 - marked.x0),
    Math.abs(marked.y1 - marked.y0),
  ] as const;
  context.fillRect(...box);
  context.strokeRect(...box);
}

/** Mixes two `#rrggbb` colours by a share 0..1. */
function colourRamp(from: string, to: string): (share: number) => string {
  const parts = (colour: string): number[] =>
    [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const [a, b] = [parts(from), parts(to)];
  return (share) =>
    `rgb(${a.map((low, i) => Math.round(low + ((b[i] as number) - low) * Math.min(1, share))).join(" ")})`;
}
