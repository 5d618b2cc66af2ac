// Every key of the UI, in one table: the pages take their commands from it and the help dialog prints
// it, so that what is written is what works.

/** A key press. `code` is a place on the keyboard, `key` a sign; letters other than W A S D go by sign. */
export interface KeyPress {
  readonly code?: string;
  readonly key?: string;
  readonly shift?: boolean;
  readonly ctrl?: boolean;
}

export interface Binding<C extends string> {
  readonly command: C;
  readonly presses: readonly KeyPress[];
  /** What it does, for the help dialog. */
  readonly label: string;
  /** How the help shows the keys, when that is shorter than printing them. */
  readonly shown?: readonly string[];
}

export const globalCommands = [
  "help",
  "goServices",
  "goSearch",
  "goQuery",
  "goMap",
  "goHealth",
] as const;
export type GlobalCommand = (typeof globalCommands)[number];

export const globalBindings: readonly Binding<GlobalCommand>[] = [
  { command: "help", presses: [{ key: "?" }], label: "Show or hide this list" },
  { command: "goServices", presses: [{ key: "1" }], label: "Go to services" },
  { command: "goSearch", presses: [{ key: "2" }], label: "Go to search" },
  { command: "goQuery", presses: [{ key: "3" }], label: "Go to the query page" },
  { command: "goMap", presses: [{ key: "4" }], label: "Go to the service map" },
  { command: "goHealth", presses: [{ key: "5" }], label: "Go to trace health" },
];

export const listCommands = ["find"] as const;
export type ListCommand = (typeof listCommands)[number];

export const listBindings: readonly Binding<ListCommand>[] = [
  { command: "find", presses: [{ key: "/" }], label: "Go to the filter" },
];

export const queryCommands = ["find", "run", "builder", "nextView"] as const;
export type QueryCommand = (typeof queryCommands)[number];

export const queryBindings: readonly Binding<QueryCommand>[] = [
  { command: "find", presses: [{ key: "/" }], label: "Go to the query" },
  { command: "run", presses: [{ key: "r" }], label: "Run the query again" },
  { command: "builder", presses: [{ key: "b" }], label: "Show or hide the builder" },
  { command: "nextView", presses: [{ key: "v" }], label: "Next way to look at the answer" },
];

/** Keys inside the query bar, for the help dialog. */
export const queryGestures: readonly {
  readonly keys: readonly string[];
  readonly label: string;
}[] = [
  { keys: ["Enter"], label: "Take the suggestion, or run" },
  { keys: ["Ctrl/⌘", "Enter"], label: "Run, whatever is suggested" },
  { keys: ["Shift", "Enter"], label: "New line" },
  { keys: ["Ctrl", "Space"], label: "Suggest" },
  { keys: ["Tab"], label: "Take the suggestion" },
  { keys: ["Alt", "↑"], label: "Earlier query" },
  { keys: ["Alt", "↓"], label: "Later query" },
  { keys: ["Esc"], label: "Leave the query bar" },
];

export const traceCommands = [
  "zoomIn",
  "zoomOut",
  "panLeft",
  "panRight",
  "panLeftFar",
  "panRightFar",
  "showAll",
  "focus",
  "previousRow",
  "nextRow",
  "pageUp",
  "pageDown",
  "collapse",
  "expand",
  "firstRow",
  "lastRow",
  "collapseAll",
  "expandAll",
  "collapseLevel",
  "expandLevel",
  "previousSibling",
  "nextSibling",
  "nextError",
  "previousError",
  "search",
  "copyLink",
  "toggleDrawer",
  "clear",
] as const;
export type TraceCommand = (typeof traceCommands)[number];

export const traceBindings: readonly Binding<TraceCommand>[] = [
  { command: "zoomIn", presses: [{ code: "KeyW" }], label: "Zoom in at the pointer" },
  { command: "zoomOut", presses: [{ code: "KeyS" }], label: "Zoom out" },
  { command: "panLeft", presses: [{ code: "KeyA" }], label: "Pan left" },
  { command: "panRight", presses: [{ code: "KeyD" }], label: "Pan right" },
  {
    command: "panLeftFar",
    presses: [{ code: "KeyA", shift: true }],
    label: "Pan left by a window",
  },
  {
    command: "panRightFar",
    presses: [{ code: "KeyD", shift: true }],
    label: "Pan right by a window",
  },
  { command: "showAll", presses: [{ key: "0" }], label: "Show the whole trace" },
  {
    command: "focus",
    presses: [{ key: "f" }],
    label: "Zoom to the selected span; again to fit it",
  },
  { command: "previousRow", presses: [{ key: "ArrowUp" }], label: "Previous span" },
  { command: "nextRow", presses: [{ key: "ArrowDown" }], label: "Next span" },
  { command: "pageUp", presses: [{ key: "PageUp" }], label: "A screenful up" },
  { command: "pageDown", presses: [{ key: "PageDown" }], label: "A screenful down" },
  { command: "collapse", presses: [{ key: "ArrowLeft" }], label: "Collapse, or go to the parent" },
  {
    command: "expand",
    presses: [{ key: "ArrowRight" }],
    label: "Expand, or go to the first child",
  },
  { command: "firstRow", presses: [{ key: "Home" }], label: "First span" },
  { command: "lastRow", presses: [{ key: "End" }], label: "Last span" },
  { command: "collapseAll", presses: [{ key: "[" }], label: "Collapse all" },
  { command: "expandAll", presses: [{ key: "]" }], label: "Expand all" },
  {
    command: "collapseLevel",
    presses: [{ code: "BracketLeft", shift: true }],
    label: "Collapse one level",
    shown: ["Shift", "["],
  },
  {
    command: "expandLevel",
    presses: [{ code: "BracketRight", shift: true }],
    label: "Expand one level",
    shown: ["Shift", "]"],
  },
  { command: "previousSibling", presses: [{ key: "," }], label: "Previous sibling" },
  { command: "nextSibling", presses: [{ key: "." }], label: "Next sibling" },
  { command: "nextError", presses: [{ key: "e" }], label: "Next error" },
  { command: "previousError", presses: [{ key: "e", shift: true }], label: "Previous error" },
  {
    command: "search",
    presses: [{ key: "/" }],
    label: "Search in the trace; Enter and Shift+Enter step through matches",
  },
  { command: "copyLink", presses: [{ key: "y" }], label: "Copy a link to this view" },
  { command: "toggleDrawer", presses: [{ key: "q" }], label: "Show or hide the details" },
  {
    command: "clear",
    presses: [{ key: "Escape" }],
    label: "Clear, step by step: search, selection, zoom",
  },
];

/** What the mouse does in a trace, for the help dialog. */
export const traceGestures: readonly {
  readonly keys: readonly string[];
  readonly label: string;
}[] = [
  { keys: ["Wheel"], label: "Scroll rows" },
  { keys: ["Ctrl/⌘", "Wheel"], label: "Zoom at the pointer" },
  { keys: ["Shift", "Wheel"], label: "Pan" },
  { keys: ["Drag"], label: "Zoom to a time range" },
  { keys: ["Shift", "Drag"], label: "Pan" },
  { keys: ["Double-click"], label: "Zoom to the span" },
];
