// Time to pixels inside a trace. Times are nanoseconds after the trace's start (doubles, exact to 104
// days); pixels are CSS pixels from the left edge of the plot.

/** The part of a trace on screen. */
export interface TimeWindow {
  readonly start: number;
  readonly end: number;
}

/** The narrowest window that zooming reaches, nanoseconds. */
export const minWindow = 100;

/** Converts between time and pixels for one window and one width. */
export class TimeScale {
  readonly window: TimeWindow;
  readonly width: number;
  readonly #pixelsPerNano: number;

  constructor(window: TimeWindow, width: number) {
    this.window = window;
    this.width = width;
    this.#pixelsPerNano = width / Math.max(1e-9, window.end - window.start);
  }

  toPixel(nano: number): number {
    return (nano - this.window.start) * this.#pixelsPerNano;
  }

  toNano(pixel: number): number {
    return this.window.start + pixel / this.#pixelsPerNano;
  }

  /** Width in pixels of a duration. */
  lengthOf(nano: number): number {
    return nano * this.#pixelsPerNano;
  }
}

/** Moves and shrinks a window so that it lies within 0..`total` and is not narrower than {@link minWindow}. */
export function clampWindow(window: TimeWindow, total: number): TimeWindow {
  const whole = Math.max(total, minWindow);
  const length = Math.min(whole, Math.max(minWindow, window.end - window.start));
  const start = Math.min(Math.max(0, window.start), whole - length);
  return { start, end: start + length };
}

/** Scales the window by `factor` (below 1 zooms in) with `anchor` staying at its pixel. */
export function zoomWindow(
  window: TimeWindow,
  factor: number,
  anchor: number,
  total: number,
): TimeWindow {
  const length = window.end - window.start;
  const wanted = Math.max(minWindow, length * factor);
  const share = (anchor - window.start) / length;
  const start = anchor - share * wanted;
  return clampWindow({ start, end: start + wanted }, total);
}

/** Shifts the window by a share of its own length. */
export function panWindow(window: TimeWindow, share: number, total: number): TimeWindow {
  const by = (window.end - window.start) * share;
  return clampWindow({ start: window.start + by, end: window.end + by }, total);
}

/** Round times inside the window, at most one every `minPixels`. */
export function ticks(scale: TimeScale, minPixels: number): number[] {
  const { start, end } = scale.window;
  const step = niceStep(((end - start) / Math.max(1, scale.width)) * minPixels);
  const result: number[] = [];
  for (let i = Math.ceil(start / step); i * step <= end && result.length < 100; i++)
    result.push(i * step);
  return result;
}

/** The smallest round duration that is at least `nano`: 1, 2 or 5 of a unit; 15 or 30 of minutes. */
export function niceStep(nano: number): number {
  const long = [60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400].map(
    (s) => s * 1e9,
  );
  if (nano > 50e9)
    return long.find((step) => step >= nano) ?? Math.ceil(nano / 86_400e9) * 86_400e9;
  if (nano > 30e9) return 60e9;
  if (nano > 20e9) return 30e9;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, nano)));
  for (const multiple of [1, 2, 5]) if (multiple * power >= nano) return multiple * power;
  return 10 * power;
}
