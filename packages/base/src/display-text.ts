// Text that came from a sender, made safe to look at. Names, keys and values may hold anything: control
// characters, direction overrides, megabytes. The DOM shows them through textContent only; these
// functions handle what textContent does not.

// C0 and C1 controls, bidi embeddings, overrides and isolates, zero-width and line separators.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const invisible = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const pictures: Readonly<Record<string, string>> = { "\n": "⏎", "\r": "␍", "\t": "⇥" };

/** One line of at most `maxLength` characters, every control character replaced by a visible sign. */
export function oneLine(source: string, maxLength = 200): string {
  // Cut first: a name of megabytes must not be scanned whole for a label of 200 characters.
  const cut = source.length > maxLength ? `${cutAt(source, maxLength - 1)}…` : source;
  return cut.replace(invisible, (char) => pictures[char] ?? "·");
}

/** Cuts to at most `length` UTF-16 units without splitting a surrogate pair. */
function cutAt(source: string, length: number): string {
  const last = source.charCodeAt(length - 1);
  return source.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}

/** `a long name` → `a lo…ame` to fit `maxLength`: the end of a name often tells more than its middle. */
export function middleCut(source: string, maxLength: number): string {
  if (source.length <= maxLength) return source;
  if (maxLength <= 1) return "…";
  const head = Math.ceil((maxLength - 1) / 2);
  return `${source.slice(0, head)}…${source.slice(source.length - (maxLength - 1 - head))}`;
}
