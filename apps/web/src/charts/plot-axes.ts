// Axes of the line charts: time along x, a value along y, in the colours of the theme.

import type uPlot from "uplot";

interface AxisTokens {
  readonly muted: string;
  readonly grid: string;
  readonly font: string;
}

/** `valueWidth` is the room for the values' texts, CSS pixels. */
export function plotAxes(
  tokens: AxisTokens,
  format: (value: number) => string,
  valueWidth: number,
): uPlot.Axis[] {
  const axis = {
    stroke: tokens.muted,
    font: `11px ${tokens.font}`,
    grid: { stroke: tokens.grid, width: 1 },
    ticks: { show: false },
    gap: 4,
  };
  return [
    { ...axis, size: 26, space: 76, values: timeTexts },
    { ...axis, size: valueWidth, space: 34, values: (_, splits) => splits.map(format) },
  ];
}

/** The hour of the day alone says nothing where a day is one of several. */
function timeTexts(chart: uPlot, splits: number[]): string[] {
  const { min = 0, max = 0 } = chart.scales["x"] ?? {};
  const isLong = max - min > 36 * 3600;
  return splits.map((seconds) => {
    const at = new Date(seconds * 1000);
    const two = (part: number): string => String(part).padStart(2, "0");
    const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
    return isLong ? `${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}` : time;
  });
}
