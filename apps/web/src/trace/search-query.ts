// The search box inside a trace: plain words, "quoted phrases", `-word` to exclude, `key=value` on
// attributes. All must hold. Case does not matter.

/** One condition of the box. */
export interface SearchTerm {
  readonly exclude: boolean;
  /** Lower case; present for `key=value`. */
  readonly key?: string;
  /** Lower case: a part of any text of the span, or of the value where there is a key. */
  readonly text: string;
}

/** Splits the box's text into terms; an unclosed quote runs to the end. */
export function parseSearch(source: string): readonly SearchTerm[] {
  const terms: SearchTerm[] = [];
  const pattern = /(-?)(?:([^\s"=]+)=)?(?:"([^"]*)"?|([^\s"]*))/g;
  for (const match of source.toLowerCase().matchAll(pattern)) {
    const text = match[3] ?? match[4] ?? "";
    if (text === "" && match[2] === undefined) continue;
    const exclude = match[1] === "-";
    terms.push(match[2] === undefined ? { exclude, text } : { exclude, key: match[2], text });
  }
  return terms;
}
