// The Renderer on a 2D canvas.

import { BarStyle, type Bars, type Palette, type Renderer, type TextAlign } from "./renderer.ts";

const radius = 2.5;

export class CanvasRenderer implements Renderer {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #widths = new Map<string, number>();
  #palette: Palette | undefined;
  #hatch: CanvasPattern | undefined;
  #ratio = 1;

  /** Throws when the browser gives no 2D context. */
  constructor(canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("this browser gives no 2D canvas");
    this.#canvas = canvas;
    this.#context = context;
  }

  begin(width: number, height: number, palette: Palette): void {
    const ratio = Math.max(1, window.devicePixelRatio);
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== w || this.#canvas.height !== h) {
      this.#canvas.width = w;
      this.#canvas.height = h;
    }
    if (palette !== this.#palette || ratio !== this.#ratio) this.#setPalette(palette);
    this.#ratio = ratio;
    const context = this.#context;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.globalAlpha = 1;
    context.fillStyle = palette.background;
    context.fillRect(0, 0, width, height);
    context.textBaseline = "middle";
  }

  rect(x: number, y: number, width: number, height: number, colour: string, alpha = 1): void {
    this.#context.globalAlpha = alpha;
    this.#context.fillStyle = colour;
    this.#context.fillRect(x, y, width, height);
    this.#context.globalAlpha = 1;
  }

  verticalLine(x: number, y: number, height: number, colour: string): void {
    this.#context.fillStyle = colour;
    this.#context.fillRect(Math.round(x * this.#ratio) / this.#ratio, y, 1 / this.#ratio, height);
  }

  bars(bars: Bars, height: number): void {
    const context = this.#context;
    const palette = this.#palette as Palette;
    for (let i = 0; i < bars.length; i++) {
      const style = bars.style[i] as number;
      const [x, y, width] = [bars.x[i] as number, bars.y[i] as number, bars.width[i] as number];
      context.globalAlpha = style & BarStyle.Dim ? 0.22 : 1;
      context.beginPath();
      context.roundRect(x, y, width, height, Math.min(radius, width / 2));
      if (style & BarStyle.Ghost) {
        this.#outline(palette.muted, [3, 3]);
        continue;
      }
      context.fillStyle = palette.series[
        (bars.colour[i] as number) % palette.series.length
      ] as string;
      context.fill();
      if ((style & BarStyle.Error) === 0) continue;
      if (this.#hatch !== undefined && width > 3) {
        context.fillStyle = this.#hatch;
        context.fill();
      }
      this.#outline(palette.error, []);
    }
    context.globalAlpha = 1;
  }

  markers(
    xs: Float32Array,
    count: number,
    y: number,
    size: number,
    fill: string,
    edge: string,
  ): void {
    const context = this.#context;
    context.beginPath();
    for (let i = 0; i < count; i++) {
      const x = xs[i] as number;
      context.moveTo(x, y - size);
      context.lineTo(x + size, y);
      context.lineTo(x, y + size);
      context.lineTo(x - size, y);
      context.closePath();
    }
    context.fillStyle = fill;
    context.strokeStyle = edge;
    context.lineWidth = 1;
    context.fill();
    context.stroke();
  }

  text(
    text: string,
    x: number,
    y: number,
    colour: string,
    align: TextAlign = "left",
    bold = false,
  ): void {
    const context = this.#context;
    const font = this.#palette?.font ?? "11px sans-serif";
    context.font = bold ? `600 ${font}` : font;
    context.textAlign = align;
    context.fillStyle = colour;
    context.fillText(text, x, y);
  }

  textWidth(text: string): number {
    let width = this.#widths.get(text);
    if (width === undefined) {
      if (this.#widths.size > 5000) this.#widths.clear();
      this.#context.font = this.#palette?.font ?? "11px sans-serif";
      width = this.#context.measureText(text).width;
      this.#widths.set(text, width);
    }
    return width;
  }

  #outline(colour: string, dash: number[]): void {
    const context = this.#context;
    context.strokeStyle = colour;
    context.lineWidth = 1.25;
    context.setLineDash(dash);
    context.stroke();
    context.setLineDash([]);
  }

  #setPalette(palette: Palette): void {
    this.#palette = palette;
    this.#widths.clear();
    const tile = new OffscreenCanvas(8, 8);
    const context = tile.getContext("2d");
    if (context === null) return;
    // Of the background's colour: seen on every series colour, in both themes, by every eye.
    context.strokeStyle = palette.background;
    context.globalAlpha = 0.6;
    context.lineWidth = 2;
    for (const shift of [-8, 0, 8]) {
      context.moveTo(shift - 1, 9);
      context.lineTo(shift + 9, -1);
    }
    context.stroke();
    this.#hatch = this.#context.createPattern(tile, "repeat") ?? undefined;
  }
}
