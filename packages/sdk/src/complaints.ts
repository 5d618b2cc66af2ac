// What the tracer has to say about itself: to stderr, once each, and never about the application's data.

const MOST = 100;
const said = new Set<string>();
let quiet = false;

/** Silences or allows complaints. */
export function setQuiet(wanted: boolean): void {
  quiet = wanted;
}

/** Says `text` once on stderr. */
export function complain(text: string): void {
  if (quiet || said.has(text) || said.size >= MOST) return;
  said.add(text);
  process.emitWarning(text, { type: "Clew" });
}
