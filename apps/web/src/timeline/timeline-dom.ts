// The elements of the timeline: a scroller as tall as all rows, in it a viewport that stays put and
// holds the name column, the splitter and the two canvases.

import styles from "./timeline.module.css";

export interface TimelineDom {
  readonly scroller: HTMLDivElement;
  readonly content: HTMLDivElement;
  readonly viewport: HTMLDivElement;
  readonly splitter: HTMLDivElement;
  readonly axis: HTMLCanvasElement;
  readonly plot: HTMLCanvasElement;
}

export interface SplitterTarget {
  width(): number;
  resize(width: number): void;
}

/** Builds the elements inside `host`. */
export function buildTimelineDom(
  host: HTMLElement,
  names: HTMLElement,
  target: SplitterTarget,
): TimelineDom {
  const div = (className: string | undefined): HTMLDivElement => {
    const element = document.createElement("div");
    element.className = className ?? "";
    return element;
  };
  const canvas = (className: string | undefined): HTMLCanvasElement => {
    const element = document.createElement("canvas");
    element.className = className ?? "";
    // The treegrid beside it says the same in words.
    element.setAttribute("aria-hidden", "true");
    return element;
  };
  const dom: TimelineDom = {
    scroller: div(styles.timeline),
    content: div(styles.content),
    viewport: div(styles.viewport),
    splitter: div(styles.splitter),
    axis: canvas(styles.axis),
    plot: canvas(styles.plot),
  };
  const head = div(styles.head);
  head.textContent = "Service and operation";
  dom.viewport.append(head, dom.axis, names, dom.plot, dom.splitter);
  dom.content.append(dom.viewport);
  dom.scroller.append(dom.content);
  host.append(dom.scroller);
  makeSplitter(dom, target);
  return dom;
}

function makeSplitter({ splitter, scroller }: TimelineDom, target: SplitterTarget): void {
  splitter.tabIndex = 0;
  splitter.setAttribute("role", "separator");
  splitter.setAttribute("aria-orientation", "vertical");
  splitter.setAttribute("aria-label", "Width of the name column");
  splitter.addEventListener("pointerdown", (event) => {
    splitter.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  splitter.addEventListener("pointermove", (event) => {
    if (!splitter.hasPointerCapture(event.pointerId)) return;
    target.resize(event.clientX - scroller.getBoundingClientRect().left);
  });
  splitter.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -24, ArrowRight: 24 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    target.resize(target.width() + by);
  });
}
