// Part: records of pino name their span. Each logger is given a mixin in front of its own; children inherit it.

import type { Instrumentation, ModulePatch } from "../instrument/instrumentation.ts";
import { quietly } from "../instrument/server-request.ts";
import { pinoMixin } from "../logs/helpers.ts";

type Mixin = (...args: unknown[]) => object;
type Logger = Record<symbol, unknown>;
type Factory = ((...args: unknown[]) => Logger) & { symbols?: { mixinSym?: symbol } };

const patch: ModulePatch["patch"] = (exports) => {
  const pino = exports as unknown as Factory;
  const mixinOf = pino.symbols?.mixinSym;
  if (mixinOf === undefined) return undefined;
  const patched: Factory = new Proxy(pino, {
    apply(target, self, args) {
      const logger = Reflect.apply<unknown, unknown[], Logger>(target, self, args);
      quietly(() => {
        logger[mixinOf] = pinoMixin(logger[mixinOf] as Mixin | undefined);
      });
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
