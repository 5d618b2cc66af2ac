// The table of libraries that are patched when they load: package name to the part with their patches. A part
// exports `instrumentation`. Adding a library is one line here and one file in src/parts.

/** A row of the table. */
export interface HookRow {
  /** Package, or a module of Node. */
  readonly module: string;
  /** Name under which it can be disabled. */
  readonly name: string;
  /** File of src/parts. */
  readonly part: string;
}

/** All rows. */
export const HOOKS: readonly HookRow[] = [{ module: "http2", name: "http2", part: "http2" }];
