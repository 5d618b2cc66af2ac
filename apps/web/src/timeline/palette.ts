// The colour tokens that the canvases of a trace use.

import { readSeries, readTokens } from "../theme/theme.ts";
import type { Palette } from "./renderer.ts";

/** Reads the tokens of the theme that is on screen now. */
export function readPalette(): Palette {
  const tokens = readTokens([
    "surface",
    "text",
    "muted",
    "grid",
    "border-strong",
    "hover",
    "selected",
    "accent",
    "error",
    "brush",
    "font",
  ]);
  return {
    series: readSeries(),
    background: tokens.surface,
    text: tokens.text,
    muted: tokens.muted,
    grid: tokens.grid,
    border: tokens["border-strong"],
    hover: tokens.hover,
    selected: tokens.selected,
    accent: tokens.accent,
    error: tokens.error,
    brush: tokens.brush,
    font: `11px ${tokens.font}`,
  };
}
