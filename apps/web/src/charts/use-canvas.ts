// A canvas that is redrawn, sharp, whenever its size, its theme or what it shows changes.

import { type RefObject, useEffect, useEffectEvent, useRef, useState } from "react";
import { useThemeVersion } from "../theme/theme.ts";

export interface Surface {
  readonly context: CanvasRenderingContext2D;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/** Draws on the returned canvas after every render; also gives its width, 0 before the first layout. */
export function useCanvas(draw: (surface: Surface) => void): { readonly ref: RefObject<HTMLCanvasElement | null>; readonly width: number } {
  const ref = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  useThemeVersion();
  useEffect(() => {
    const canvas = ref.current;
    if (canvas === null) return;
    const resized = new ResizeObserver(() => setWidth(canvas.clientWidth));
    resized.observe(canvas);
    return () => resized.disconnect();
  }, []);
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
  return { ref, width };
}
