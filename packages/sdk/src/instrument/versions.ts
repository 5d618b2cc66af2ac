// Version ranges as instrumentations need them: `>=8.0.0 <9 || 10.x`. Pre-releases count as their release.

type Version = readonly [number, number, number];

function parse(text: string): Version | undefined {
  const match = /^v?(\d+)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?/.exec(text);
  if (match === null) return undefined;
  const part = (index: number) => Number(match[index] ?? 0) || 0;
  return [part(1), part(2), part(3)];
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function fits(version: Version, comparator: string): boolean {
  const match = /^(>=|<=|>|<|=|\^|~)?(.*)$/.exec(comparator);
  const wanted = parse(match?.[2] ?? "");
  if (wanted === undefined) return comparator === "*";
  const order = compare(version, wanted);
  switch (match?.[1]) {
    case ">=":
      return order >= 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case "<":
      return order < 0;
    case "^":
      return order >= 0 && version[0] === wanted[0] && (wanted[0] > 0 || version[1] === wanted[1]);
    case "~":
      return order >= 0 && version[0] === wanted[0] && version[1] === wanted[1];
    default: {
      const parts = (match?.[2] ?? "").split(".").filter((part) => /^\d/.test(part)).length;
      return version.slice(0, parts).every((part, index) => part === wanted[index]);
    }
  }
}

/** Whether `version` is within `range`; an absent range takes all, an unreadable version none. */
export function inRange(version: string | undefined, range: string | undefined): boolean {
  if (range === undefined) return true;
  const parsed = version === undefined ? undefined : parse(version);
  if (parsed === undefined) return false;
  return range.split("||").some((set) =>
    set
      .trim()
      .split(/\s+/)
      .every((comparator) => fits(parsed, comparator)),
  );
}
