// Part: records of pino name their span. The fields are put into the line, beside what a logger or its parent is bound to,
// so that nothing that a program gives pino (records, mixins, formatters) sees or misses anything.

import type { Instrumentation, ModulePatch } from "../instrument/instrumentation.ts";
import { quietly } from "../instrument/server-request.ts";
import { activeFields } from "../logs/helpers.ts";
import type { LogFields } from "../logs/keys.ts";

type Logger = Record<symbol, unknown>;
type Write = (this: Logger, record: object, ...rest: unknown[]) => unknown;
interface Symbols {
  readonly asJsonSym?: symbol;
  readonly chindingsSym?: symbol;
}
type Factory = ((...args: unknown[]) => Logger) & { readonly symbols?: Symbols };

/** The fields that were last written, and their text. */
let last: { readonly fields: LogFields; readonly text: string } | undefined;

function textOf(entries: readonly (readonly [string, string | boolean])[]): string {
  return entries.map(([key, value]) => `,${JSON.stringify(key)}:${JSON.stringify(value)}`).join("");
}

/** `,"key":"value"` for the fields of the active span that the record does not have itself. */
function fieldsText(record: object): string {
  const fields = activeFields();
  if (fields !== last?.fields) last = { fields, text: textOf(Object.entries(fields)) };
  for (const key in fields) {
    if (!Object.hasOwn(record, key)) continue;
    return textOf(Object.entries(fields).filter(([each]) => !Object.hasOwn(record, each)));
  }
  return last.text;
}

/** The logger whose line is being written: a serializer may log, too. */
let writing: Logger | undefined;

/** Gives `logger` and its children lines with fields. `bound` is where pino keeps the text of what they are bound to. */
function nameLines(logger: Logger, asJson: symbol, bound: symbol): void {
  const original = logger[asJson] as Write;
  const write: Write = function asJsonNamed(record, ...rest) {
    const before = this[bound];
    const text = writing === this || typeof before !== "string" ? "" : fieldsText(record);
    if (text === "") return Reflect.apply(original, this, [record, ...rest]);
    const outer = writing;
    // oxlint-disable-next-line typescript/no-this-alias -- who writes, for the time of this call
    writing = this;
    this[bound] = before + text;
    try {
      return Reflect.apply(original, this, [record, ...rest]);
    } finally {
      this[bound] = before;
      writing = outer;
    }
  };
  logger[asJson] = write;
}

const patch: ModulePatch["patch"] = (exports) => {
  const pino = exports as unknown as Factory;
  const { asJsonSym, chindingsSym } = pino.symbols ?? {};
  if (asJsonSym === undefined || chindingsSym === undefined) return undefined;
  const patched: Factory = new Proxy(pino, {
    apply(target, self, args) {
      const logger = Reflect.apply<unknown, unknown[], Logger>(target, self, args);
      quietly(() => nameLines(logger, asJsonSym, chindingsSym));
      return logger;
    },
    // `require("pino").default` and `.pino` are the function itself.
    get(target, key, receiver) {
      const value: unknown = Reflect.get(target, key, receiver);
      return value === target ? patched : value;
    },
  });
  return patched;
};

/** Instrumentation of pino. */
export const instrumentation: Instrumentation = {
  name: "pino",
  modules: [{ module: "pino", versions: ">=6.8.0 <11", file: "pino", patch }],
};
