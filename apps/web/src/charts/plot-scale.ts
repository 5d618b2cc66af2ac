// Scales of the canvas charts: time along x in milliseconds since 1970, duration along y on a log scale.

export interface PlotArea {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Log scale of durations in nanoseconds; larger is higher up. */
export class DurationScale {
  readonly low: number;
  readonly high: number;
  readonly #area: PlotArea;

  constructor(lowNano: number, highNano: number, area: PlotArea) {
    this.low = Math.max(1, lowNano);
    this.high = Math.max(this.low * 2, highNano);
    this.#area = area;
  }

  toPixel(nano: number): number {
    const share = Math.log(Math.max(nano, this.low) / this.low) / Math.log(this.high / this.low);
    return this.#area.top + this.#area.height * (1 - Math.min(1, share));
  }

  toNano(pixel: number): number {
    const share = 1 - (pixel - this.#area.top) / this.#area.height;
    return this.low * (this.high / this.low) ** Math.min(1, Math.max(0, share));
  }

  /** Powers of ten inside the scale. */
  ticks(): number[] {
    const result: number[] = [];
    for (let tick = 10 ** Math.ceil(Math.log10(this.low)); tick <= this.high; tick *= 10)
      result.push(tick);
    return result;
  }
}

/** Round clock times inside the range (milliseconds since 1970), about one every `minPixels`. */
export function timeTicks(
  fromMs: number,
  toMs: number,
  width: number,
  minPixels: number,
): number[] {
  const wanted = ((toMs - fromMs) / Math.max(1, width)) * minPixels;
  const minute = 60_000;
  const steps = [
    1000,
    5000,
    15_000,
    30_000,
    minute,
    2 * minute,
    5 * minute,
    10 * minute,
    15 * minute,
    30 * minute,
    60 * minute,
    180 * minute,
    360 * minute,
    720 * minute,
    1440 * minute,
  ];
  const step =
    steps.find((one) => one >= wanted) ?? Math.ceil(wanted / (1440 * minute)) * 1440 * minute;
  // Local midnight is the origin, so that steps of hours fall on local hours.
  const offset = new Date(fromMs).getTimezoneOffset() * minute;
  const result: number[] = [];
  for (let at = Math.ceil((fromMs - offset) / step) * step + offset; at <= toMs; at += step)
    result.push(at);
  return result;
}

/** `14:05`, with seconds under a minute a step, with the day at midnight. */
export function clockLabel(ms: number, stepMs: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  if (date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0) {
    return date.toLocaleDateString("en-US", { month: "short", day: "numeric" });
  }
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return stepMs < 60_000 ? `${clock}:${two(date.getSeconds())}` : clock;
}
