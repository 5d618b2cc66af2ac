// Part: hands the context to child processes as TRACEPARENT, TRACESTATE and BAGGAGE in their environment, for children
// that are Node or that ask for it by an empty TRACEPARENT. A child that is traced by @clew/sdk goes on from there.
// All asynchronous ways to start one (spawn, fork, exec, execFile) go through ChildProcess.prototype.spawn.

import { basename } from "node:path";
import type { Instrumentation, Tracing } from "../instrument/instrumentation.ts";
import { attempt, type Method, prototypeOf, wrapMethod } from "../messaging/patching.ts";
import { variable } from "../messaging/process-context.ts";
import { spanOf } from "../trace/context.ts";

const LIBRARY = "child-process";

interface SpawnOptions {
  file?: string;
  args?: readonly string[];
  /** `NAME=value`, made by Node for this child. */
  envPairs?: string[];
}

function isNode({ file = "", args = [] }: SpawnOptions): boolean {
  if (file === process.execPath) return true;
  const name = basename(file).replace(/\.exe$/i, "");
  if (name === "node") return true;
  // `exec("node script.js")` starts a shell.
  const shell = args.at(-1) ?? "";
  return ["sh", "bash", "cmd"].includes(name) && /^\s*"?(?:\S*\/)?node"?(?:\s|$)/.test(shell);
}

/** Adds the context of now to the environment that a child is about to get. */
export function addContext(tracing: Tracing, options: SpawnOptions): void {
  const pairs = options.envPairs;
  const context = tracing.active();
  if (pairs === undefined || spanOf(context) === undefined) return;
  const index = pairs.findIndex((pair) => pair.startsWith("TRACEPARENT="));
  const given = pairs[index]?.slice("TRACEPARENT=".length);
  // What the program has chosen stays; what this process itself was given is not the child's.
  const chosen = given !== undefined && given !== "" && given !== process.env["TRACEPARENT"];
  if (chosen || (given !== "" && !isNode(options))) return;
  const inner = new Map<string, string>();
  tracing.inject(context, (name, value) => {
    inner.set(variable(name), value);
  });
  if (!inner.has("TRACEPARENT")) return;
  const ours = new Set(["TRACEPARENT", "TRACESTATE", ...inner.keys()]);
  const kept = pairs.filter((pair) => !ours.has(pair.split("=", 1)[0] as string));
  pairs.splice(0, pairs.length, ...kept, ...[...inner].map((pair) => pair.join("=")));
}

function wrapSpawn(tracing: Tracing): (original: Method) => Method {
  return (original) =>
    function spawn(this: unknown, ...args: unknown[]): unknown {
      attempt(LIBRARY, () => addContext(tracing, args[0] as SpawnOptions));
      return Reflect.apply(original, this, args);
    };
}

/** Instrumentation of node:child_process. */
export const instrumentation: Instrumentation = {
  name: LIBRARY,
  modules: [
    {
      module: "child_process",
      patch: (exports, _loaded, tracing) =>
        wrapMethod(prototypeOf(exports["ChildProcess"]), "spawn", wrapSpawn(tracing)),
    },
  ],
};
