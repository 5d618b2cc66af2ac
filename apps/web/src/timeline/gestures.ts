// Mouse and touchpad on the plot: what a press, a drag and a turn of the wheel mean. Emits intentions;
// knows nothing of traces.

/** What the plot does about gestures; positions are CSS pixels from its top left corner. */
export interface GestureTarget {
  hover(x: number, y: number, event: PointerEvent): void;
  leave(): void;
  click(x: number, y: number): void;
  doubleClick(x: number, y: number): void;
  /** A range is being dragged out; `done` on release. */
  brush(from: number, to: number, done: boolean): void;
  cancelBrush(): void;
  /** Moved by so many pixels with Shift held. */
  drag(dx: number, dy: number): void;
  /** Above 0 zooms out. */
  zoom(x: number, amount: number): void;
  pan(pixels: number): void;
}

// Below this distance a press is a click: hands shake.
const clickSlack = 4;
// A turn of the wheel keeps its meaning until it has rested, so that inertia does not change it midway.
const wheelRestMs = 120;

/** Listens on `element` until the returned function is called. */
export function listenForGestures(element: HTMLElement, target: GestureTarget): () => void {
  const abort = new AbortController();
  const options = { signal: abort.signal };
  let pressed: { x: number; y: number; pan: boolean; moved: boolean } | undefined;
  let last = { x: 0, y: 0 };

  const at = (event: MouseEvent): { x: number; y: number } => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  element.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      last = at(event);
      pressed = { ...last, pan: event.shiftKey, moved: false };
      element.setPointerCapture(event.pointerId);
    },
    options,
  );
  element.addEventListener(
    "pointermove",
    (event) => {
      const now = at(event);
      if (pressed === undefined) return target.hover(now.x, now.y, event);
      if (!pressed.moved && Math.hypot(now.x - pressed.x, now.y - pressed.y) < clickSlack) return;
      pressed.moved = true;
      if (pressed.pan) target.drag(now.x - last.x, now.y - last.y);
      else target.brush(pressed.x, now.x, false);
      last = now;
    },
    options,
  );
  element.addEventListener(
    "pointerup",
    (event) => {
      const now = at(event);
      const press = pressed;
      pressed = undefined;
      if (press === undefined) return;
      if (!press.moved) return target.click(now.x, now.y);
      if (!press.pan) target.brush(press.x, now.x, true);
    },
    options,
  );
  element.addEventListener(
    "pointercancel",
    () => {
      pressed = undefined;
      target.cancelBrush();
    },
    options,
  );
  element.addEventListener("pointerleave", () => target.leave(), options);
  element.addEventListener(
    "dblclick",
    (event) => {
      const { x, y } = at(event);
      target.doubleClick(x, y);
    },
    options,
  );
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || pressed?.moved !== true) return;
      event.stopImmediatePropagation();
      pressed = undefined;
      target.cancelBrush();
    },
    { signal: abort.signal, capture: true },
  );
  listenForWheel(element, at, target, abort.signal);
  return () => abort.abort();
}

type WheelMeaning = "zoom" | "pan" | "scroll";

function listenForWheel(
  element: HTMLElement,
  at: (event: MouseEvent) => { x: number },
  target: GestureTarget,
  signal: AbortSignal,
): void {
  let meaning: WheelMeaning = "scroll";
  let lastTime = Number.NEGATIVE_INFINITY;
  element.addEventListener(
    "wheel",
    (event) => {
      if (event.timeStamp - lastTime > wheelRestMs) meaning = meaningOf(event);
      lastTime = event.timeStamp;
      // Pinching reports as Ctrl+wheel, which the browser would take as page zoom.
      if (meaning === "scroll" && !event.ctrlKey) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      if (meaning === "zoom") target.zoom(at(event).x, event.deltaY * lines);
      else if (meaning === "pan")
        target.pan((event.deltaX === 0 ? event.deltaY : event.deltaX) * lines);
    },
    { signal, passive: false },
  );
}

function meaningOf(event: WheelEvent): WheelMeaning {
  if (event.ctrlKey || event.metaKey) return "zoom";
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return "pan";
  return "scroll";
}
