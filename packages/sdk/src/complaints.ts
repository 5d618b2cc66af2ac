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
  if (said.has(text) || said.size >= MOST) return;
  said.add(text);
  if (!quiet) process.emitWarning(text, { type: "Clew" });
}

/** All that was to be said so far, silenced or not. */
export function complaintsSaid(): readonly string[] {
  return [...said];
}
