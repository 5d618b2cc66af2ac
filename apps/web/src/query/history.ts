// Recent queries, newest first, in localStorage.

const storageKey = "clew.queries";
const longest = 4000;
const most = 30;

/** The list with `query` in front, once. */
export function remembered(list: readonly string[], query: string): readonly string[] {
  const text = query.trim();
  if (text === "" || text.length > longest) return list;
  return [text, ...list.filter((one) => one !== text)].slice(0, most);
}

export function readHistory(): readonly string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storageKey) ?? "[]");
    if (!Array.isArray(stored)) return [];
    return stored.filter((one): one is string => typeof one === "string").slice(0, most);
  } catch {
    return [];
  }
}

export function remember(query: string): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(remembered(readHistory(), query)));
  } catch {
    // Without storage there is no history.
  }
}

export function forgetHistory(): void {
  try {
    localStorage.removeItem(storageKey);
  } catch {
    // Nothing was kept.
  }
}
