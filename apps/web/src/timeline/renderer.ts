// What the timeline needs of a drawing surface. Coordinates are CSS pixels. Bars come as columns, so
// that a surface on the GPU can take them in one call.

/** Bits of `Bars.style`. */
export const BarStyle = {
  /** Not meant by the search. */
  Dim: 1,
  /** Failed: hatched and outlined, so that it does not rest on hue alone. */
  Error: 2,
  /** Stands for a span that has not arrived: outline only. */
  Ghost: 4,
} as const;

/** A frame's bars as columns. */
export class Bars {
  length = 0;
  readonly x: Float32Array<ArrayBuffer>;
  readonly y: Float32Array<ArrayBuffer>;
  readonly width: Float32Array<ArrayBuffer>;
  /** Index of a series colour. */
  readonly colour: Uint16Array<ArrayBuffer>;
  readonly style: Uint8Array<ArrayBuffer>;

  /** Room for `capacity` bars. */
  constructor(capacity: number) {
    this.x = new Float32Array(capacity);
    this.y = new Float32Array(capacity);
    this.width = new Float32Array(capacity);
    this.colour = new Uint16Array(capacity);
    this.style = new Uint8Array(capacity);
  }

  push(x: number, y: number, width: number, colour: number, style: number): void {
    const i = this.length++;
    this.x[i] = x;
    this.y[i] = y;
    this.width[i] = width;
    this.colour[i] = colour;
    this.style[i] = style;
  }
}

export interface Palette {
  readonly series: readonly string[];
  readonly background: string;
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly border: string;
  readonly hover: string;
  readonly selected: string;
  readonly accent: string;
  readonly error: string;
  readonly brush: string;
  readonly font: string;
}

export type TextAlign = "left" | "right" | "center";

export interface Renderer {
  /** Starts a frame of the given size and clears it. */
  begin(width: number, height: number, palette: Palette): void;
  rect(x: number, y: number, width: number, height: number, colour: string, alpha?: number): void;
  /** A vertical hairline, sharp on any pixel ratio. */
  verticalLine(x: number, y: number, height: number, colour: string): void;
  bars(bars: Bars, height: number): void;
  /** Diamonds of `radius` at (xs[i], y). */
  markers(
    xs: Float32Array,
    count: number,
    y: number,
    radius: number,
    fill: string,
    edge: string,
  ): void;
  text(text: string, x: number, y: number, colour: string, align?: TextAlign, bold?: boolean): void;
  textWidth(text: string): number;
}
