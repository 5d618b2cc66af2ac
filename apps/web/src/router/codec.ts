// Parameters of a URL's query, each parsed alone: one that cannot be read is dropped and the rest of
// the link still works.

/** Reads one parameter from all its occurrences and prints it back; `undefined` means "not there". */
export interface ParamCodec<T> {
  parse(values: readonly string[]): T | undefined;
  print(value: T): readonly string[];
}

export type ParamShape = Readonly<Record<string, ParamCodec<unknown>>>;

/** Values of a shape's parameters; absent ones are undefined. */
export type ParamValues<S> = {
  readonly [K in keyof S]?: (S[K] extends ParamCodec<infer T> ? T : never) | undefined;
};

/** A text of at most `maxLength` characters; empty counts as absent. */
export function text(maxLength = 1000): ParamCodec<string> {
  return {
    parse: ([value]) =>
      value !== undefined && value !== "" && value.length <= maxLength ? value : undefined,
    print: (value) => (value === "" ? [] : [value]),
  };
}

/** One of a closed list of words. */
export function oneOf<const T extends string>(words: readonly T[]): ParamCodec<T> {
  return {
    parse: ([value]) => words.find((word) => word === value),
    print: (value) => [value],
  };
}

/** A repeated parameter; entries that `item` refuses are left out. */
export function list<T>(item: ParamCodec<T>, maxItems = 50): ParamCodec<readonly T[]> {
  return {
    parse: (values) => {
      const items: T[] = [];
      for (const value of values.slice(0, maxItems)) {
        const parsed = item.parse([value]);
        if (parsed !== undefined) items.push(parsed);
      }
      return items.length === 0 ? undefined : items;
    },
    print: (values) => values.flatMap((value) => item.print(value)),
  };
}

/** `length` lower- or upper-case hex digits, given back in lower case. */
export function hex(length: number): ParamCodec<string> {
  const pattern = new RegExp(`^[0-9a-fA-F]{${length}}$`);
  return {
    parse: ([value]) =>
      value !== undefined && pattern.test(value) ? value.toLowerCase() : undefined,
    print: (value) => [value],
  };
}

/** A window of time inside a trace, nanoseconds after its start. */
export interface ViewWindow {
  readonly start: number;
  readonly end: number;
}

/** `start-end` in whole nanoseconds, `start` before `end`. */
export const viewWindow: ParamCodec<ViewWindow> = {
  parse: ([value]) => {
    const match = /^(\d{1,16})-(\d{1,16})$/.exec(value ?? "");
    if (match === null) return undefined;
    const window = { start: Number(match[1]), end: Number(match[2]) };
    return window.start < window.end ? window : undefined;
  },
  print: (value) => [`${Math.max(0, Math.floor(value.start))}-${Math.ceil(value.end)}`],
};

/** Reads every parameter of `shape` from a query string. */
export function parseParams<S extends ParamShape>(
  shape: S,
  search: URLSearchParams,
): ParamValues<S> {
  const values: Record<string, unknown> = {};
  for (const [name, codec] of Object.entries(shape)) {
    const parsed: unknown = codec.parse(search.getAll(name));
    if (parsed !== undefined) values[name] = parsed;
  }
  return values as ParamValues<S>;
}

/** Prints parameters in the order of `shape`, with a leading `?`, or "" when there are none. */
export function printParams<S extends ParamShape>(shape: S, values: ParamValues<S>): string {
  const search = new URLSearchParams();
  for (const [name, codec] of Object.entries(shape)) {
    const value = values[name];
    if (value === undefined) continue;
    for (const printed of codec.print(value)) search.append(name, printed);
  }
  // Colons, slashes and commas are legal in a query and make a shared link readable.
  const printed = search
    .toString()
    .replaceAll("%3A", ":")
    .replaceAll("%2F", "/")
    .replaceAll("%2C", ",");
  return printed === "" ? "" : `?${printed}`;
}
