// The small box beside the pointer that says which span a bar is.

import { formatDuration, middleCut } from "@clew/base";
import {
  isFailed,
  kindOf,
  nameOf,
  serviceOf,
  type TraceModel,
  warningsOf,
} from "../trace/trace-model.ts";
import styles from "./timeline.module.css";

export class SpanTooltip {
  readonly #element = document.createElement("div");
  readonly #name = document.createElement("strong");
  readonly #facts = document.createElement("span");
  readonly #time = document.createElement("span");
  readonly #warning = document.createElement("em");

  constructor() {
    this.#element.className = styles.tooltip ?? "";
    this.#element.hidden = true;
    // The row's own text says it to assistive technology.
    this.#element.setAttribute("aria-hidden", "true");
    this.#element.append(this.#name, this.#facts, this.#time, this.#warning);
    document.body.append(this.#element);
  }

  /** Shows the row's facts near the point (viewport pixels). */
  show(model: TraceModel, row: number, x: number, y: number): void {
    const { layout } = model;
    const kind = kindOf(model, row);
    const start = layout.start[row] as number;
    const duration = layout.duration[row] as number;
    const share =
      layout.durationNano > 0
        ? ` · ${((duration / layout.durationNano) * 100).toFixed(1)}% of the trace`
        : "";
    this.#name.textContent = middleCut(nameOf(model, row), 90);
    this.#facts.textContent = [
      serviceOf(model, row),
      kind === "unspecified" ? "" : kind,
      isFailed(model, row) ? "error" : "",
    ]
      .filter((fact) => fact !== "")
      .join(" · ");
    this.#time.textContent = `${formatDuration(duration)} from ${formatDuration(start)}${share}`;
    this.#warning.textContent = warningsOf(model, row).join(" ");
    const element = this.#element;
    element.hidden = false;
    const { offsetWidth, offsetHeight } = element;
    element.style.left = `${Math.max(8, Math.min(x + 14, window.innerWidth - offsetWidth - 8))}px`;
    element.style.top = `${y + 18 + offsetHeight > window.innerHeight - 8 ? y - offsetHeight - 12 : y + 18}px`;
  }

  hide(): void {
    this.#element.hidden = true;
  }

  dispose(): void {
    this.#element.remove();
  }
}
