// Any number of series over time on uPlot, with exemplars as dots. Dragging across picks a time range; a click on
// a dot opens its trace.

import { type ReactElement, useEffect, useEffectEvent, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { readTokens, useThemeVersion } from "../theme/theme.ts";
import styles from "./charts.module.css";
import { tooltipPlace } from "./heat-map.tsx";
import { plotAxes } from "./plot-axes.ts";

export interface DrawnSeries {
  readonly name: string;
  /** As CSS has it. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

/** A dot on the chart. */
export interface ChartDot {
  readonly timeMs: number;
  readonly value: number;
  readonly colour: string;
  /** What the tooltip says of it. */
  readonly text: string;
}

export interface SeriesChartProps<D extends ChartDot> {
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  /** Ends of the time axis, seconds since 1970. */
  readonly extent: readonly [from: number, to: number];
  readonly series: readonly DrawnSeries[];
  readonly dots: readonly D[];
  readonly format: (value: number) => string;
  readonly label: string;
  readonly height: number;
  readonly onRange: (fromMs: number, toMs: number) => void;
  readonly onDot: (dot: D, event: MouseEvent) => void;
}

// How close to a dot the pointer must be, pixels.
const reach = 9;
// A tooltip longer than this hides more than it shows.
const mostInTooltip = 10;

interface Hover {
  readonly x: number;
  readonly y: number;
  readonly index: number | undefined;
  readonly dot: ChartDot | undefined;
  /** Of the chart. */
  readonly width: number;
}

export function SeriesChart<D extends ChartDot>(props: SeriesChartProps<D>): ReactElement {
  const { times, series, dots, format, label, height } = props;
  const [from, to] = props.extent;
  const host = useRef<HTMLDivElement>(null);
  const theme = useThemeVersion();
  const [hover, setHover] = useState<Hover>();
  const pick = useEffectEvent((fromMs: number, toMs: number) => props.onRange(fromMs, toMs));
  const open = useEffectEvent((dot: D, event: MouseEvent) => props.onDot(dot, event));
  useEffect(() => {
    const element = host.current as HTMLDivElement;
    const near = (chart: uPlot, x: number, y: number): D | undefined =>
      dots.find(
        ({ timeMs, value }) =>
          Math.hypot(chart.valToPos(timeMs / 1000, "x") - x, chart.valToPos(value, "y") - y) <=
          reach,
      );
    const options = optionsFor(series, format, element.clientWidth, height);
    options.scales = { ...options.scales, x: { range: [from, to] } };
    options.hooks = {
      draw: [(chart) => drawDots(chart, dots)],
      setSelect: [
        (chart) => {
          const { left, width } = chart.select;
          if (width < 4) return;
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          pick(chart.posToVal(left, "x") * 1000, chart.posToVal(left + width, "x") * 1000);
        },
      ],
      setCursor: [
        (chart) => {
          const { left = -1, top = -1, idx } = chart.cursor;
          if (left < 0) return setHover(undefined);
          const dot = near(chart, left, top);
          chart.over.style.cursor = dot === undefined ? "crosshair" : "pointer";
          setHover({
            x: left + chart.bbox.left / devicePixelRatio,
            y: top,
            index: idx ?? undefined,
            dot,
            width: element.clientWidth,
          });
        },
      ],
    };
    const columns = [times as number[], ...series.map((one) => one.values as number[])];
    const chart = new uPlot(options, columns as uPlot.AlignedData, element);
    const click = (event: MouseEvent): void => {
      const dot = near(chart, chart.cursor.left ?? -99, chart.cursor.top ?? -99);
      if (dot !== undefined) open(dot, event);
    };
    chart.over.addEventListener("click", click);
    const resized = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      chart.destroy();
    };
  }, [times, from, to, series, dots, format, height, theme]);
  return (
    <div className={styles.plot} style={{ height }}>
      <div ref={host} className={styles.chart} role="img" aria-label={label} />
      {hover !== undefined && (
        <Tooltip hover={hover} times={times} series={series} format={format} />
      )}
    </div>
  );
}

function Tooltip({
  hover,
  times,
  series,
  format,
}: {
  hover: Hover;
  times: readonly number[];
  series: readonly DrawnSeries[];
  format: (value: number) => string;
}): ReactElement | undefined {
  const { index, dot, width } = hover;
  const place = tooltipPlace({ x: hover.x, y: Math.max(54, hover.y) }, width);
  if (dot !== undefined)
    return (
      <div className={styles.tooltip} style={place}>
        <strong>{dot.text}</strong>
        <span>{format(dot.value)} · click opens the trace</span>
      </div>
    );
  if (index === undefined) return undefined;
  const rows = series
    .flatMap(({ name, colour, values }) => {
      const value = values[index];
      return value === null || value === undefined ? [] : [{ name, colour, value }];
    })
    .sort((a, b) => b.value - a.value);
  if (rows.length === 0) return undefined;
  return (
    <div className={styles.tooltip} style={place}>
      <strong>{new Date((times[index] ?? 0) * 1000).toLocaleTimeString("en-GB")}</strong>
      {rows.slice(0, mostInTooltip).map(({ name, colour, value }) => (
        <span key={name} className={styles.tooltipRow}>
          <i style={{ background: colour }} />
          <bdi>{name}</bdi>
          <b>{format(value)}</b>
        </span>
      ))}
      {rows.length > mostInTooltip && <span>and {rows.length - mostInTooltip} more</span>}
    </div>
  );
}

/** Points without a neighbour: no line shows them, so they get a dot. */
function lonelyPoints(chart: uPlot, series: number): number[] {
  const values = chart.data[series] ?? [];
  const lonely: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) lonely.push(i);
  }
  return lonely;
}

function drawDots(chart: uPlot, dots: readonly ChartDot[]): void {
  const { ctx, bbox } = chart;
  const { surface } = readTokens(["surface"]);
  const size = 3.5 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { timeMs, value, colour } of dots) {
    const x = chart.valToPos(timeMs / 1000, "x", true);
    const y = chart.valToPos(value, "y", true);
    ctx.beginPath();
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + size);
    ctx.lineTo(x - size, y);
    ctx.closePath();
    ctx.fillStyle = colour;
    ctx.strokeStyle = surface;
    ctx.lineWidth = devicePixelRatio;
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

function optionsFor(
  series: readonly DrawnSeries[],
  format: (value: number) => string,
  width: number,
  height: number,
): uPlot.Options {
  const tokens = readTokens(["muted", "grid", "font"]);
  return {
    width,
    height,
    padding: [10, 14, 0, 0],
    cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false, setScale: false } },
    legend: { show: false },
    scales: {
      y: {
        range: (_, least, most) => {
          const low = least < 0 ? least * 1.1 : 0;
          return [low, most > low ? most * 1.08 : low + 1];
        },
      },
    },
    axes: plotAxes(tokens, format, 72),
    series: [
      {},
      ...series.map(
        ({ name, colour }): uPlot.Series => ({
          label: name,
          stroke: colour,
          width: 1.5,
          points: { show: true, size: 5, fill: colour, filter: lonelyPoints },
          ...(series.length === 1
            ? { fill: `color-mix(in srgb, ${colour} 12%, transparent)` }
            : {}),
        }),
      ),
    ],
  };
}
