// A canvas that is redrawn, sharp, whenever its size, its theme or what it shows changes.

import { type RefObject, useEffect, useEffectEvent, useState } from "react";
import { useThemeVersion } from "../theme/theme.ts";

export interface Surface {
  readonly context: CanvasRenderingContext2D;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/** Width of a canvas in CSS pixels, 0 before the first layout. */
export function useCanvasWidth(ref: RefObject<HTMLCanvasElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const canvas = ref.current;
    if (canvas === null) return;
    const resized = new ResizeObserver(() => setWidth(canvas.clientWidth));
    resized.observe(canvas);
    return () => resized.disconnect();
  }, [ref]);
  return width;
}

/** Draws on a canvas after every render and whenever the theme changes. */
export function useDrawing(
  ref: RefObject<HTMLCanvasElement | null>,
  draw: (surface: Surface) => void,
): void {
  useThemeVersion();
  const paint = useEffectEvent(() => {
    const canvas = ref.current;
    const context = canvas?.getContext("2d");
    if (canvas == null || context == null || canvas.clientWidth === 0) return;
    const ratio = Math.max(1, window.devicePixelRatio);
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw({ context, width: canvas.clientWidth, height: canvas.clientHeight });
  });
  useEffect(() => {
    const frame = requestAnimationFrame(() => paint());
    return () => cancelAnimationFrame(frame);
  });
}
