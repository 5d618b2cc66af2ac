// The files that a watched program's processes leave behind: `tracer-*.json` of the tracer (packages/sdk,
// src/parts/report.ts) and `process-*.json` of the probe. The tracer may be of another version than this command, so
// what is not understood is left out.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** What one tracer said about itself. */
export interface TracerFile {
  readonly pid: number;
  readonly threadId: number;
  readonly sdk: { readonly version: string; readonly file: string };
  /** Milliseconds since the process began. */
  readonly startedMs: number;
  readonly esModuleHooks: boolean;
  readonly settings: readonly { name: string; value: string; from: string }[];
  readonly settingComplaints: readonly string[];
  readonly complaints: readonly string[];
  readonly export: {
    readonly enabled: boolean;
    readonly url: string;
    readonly protocol: string;
    readonly caFile?: string | undefined;
    readonly headersInCode: boolean;
  };
  readonly libraries: readonly { module: string; name: string; enabled: boolean }[];
  readonly modules: readonly {
    readonly module: string;
    readonly version?: string | undefined;
    readonly outcome: string;
    readonly detail?: string | undefined;
  }[];
  readonly statistics: Readonly<
    Record<"ended" | "dropped" | "delivered" | "spilled" | "open", number>
  > & {
    /** Calls that began a trace of their own while a request was served, by scope. */
    readonly lostContext: Readonly<Record<string, number>>;
  };
  /** Ended spans by scope and kind. */
  readonly spans: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly calls: { readonly total: number; readonly rootless: number };
}

interface ProcessFile {
  readonly pid: number;
  readonly node: string;
  readonly argv: readonly string[];
  readonly execArgv: readonly string[];
  readonly cwd: string;
  /** `ms`: when the package was first asked for, since the process began. */
  readonly packages: readonly { name: string; folder: string; ms: number }[];
}

/** One Node process of the program. */
export interface WatchedProcess extends ProcessFile {
  /** One, unless the tracer did not start, or several copies did, or threads have their own. */
  readonly tracers: readonly TracerFile[];
}

const count: z.ZodType<number> = z.number().nonnegative();

const tracerFile: z.ZodType<TracerFile> = z.object({
  pid: z.number(),
  threadId: z.number(),
  sdk: z.object({ version: z.string(), file: z.string() }),
  startedMs: z.number(),
  esModuleHooks: z.boolean(),
  settings: z.array(z.object({ name: z.string(), value: z.string(), from: z.string() })),
  settingComplaints: z.array(z.string()),
  complaints: z.array(z.string()),
  export: z.object({
    enabled: z.boolean(),
    url: z.string(),
    protocol: z.string(),
    caFile: z.string().optional(),
    headersInCode: z.boolean(),
  }),
  libraries: z.array(z.object({ module: z.string(), name: z.string(), enabled: z.boolean() })),
  modules: z.array(
    z.object({
      module: z.string(),
      version: z.string().optional(),
      outcome: z.string(),
      detail: z.string().optional(),
    }),
  ),
  statistics: z.object({
    ended: count,
    dropped: count,
    delivered: count,
    spilled: count,
    open: count,
    lostContext: z.record(z.string(), count).default({}),
  }),
  spans: z.record(z.string(), z.record(z.string(), count)),
  calls: z.object({ total: count, rootless: count }),
});

const processFile: z.ZodType<ProcessFile> = z.object({
  pid: z.number(),
  node: z.string(),
  argv: z.array(z.string()),
  execArgv: z.array(z.string()),
  cwd: z.string(),
  packages: z.array(z.object({ name: z.string(), folder: z.string(), ms: z.number() })),
});

function parsed<T>(folder: string, prefix: string, schema: z.ZodType<T>): T[] {
  const names = readdirSync(folder).filter(
    (name) => name.startsWith(prefix) && name.endsWith(".json"),
  );
  return names.flatMap((name) => {
    const result = schema.safeParse(JSON.parse(readFileSync(join(folder, name), "utf8")));
    return result.success ? [result.data] : [];
  });
}

/** Tools that start programs; nobody wants to see them traced. */
const TOOLS = /[\\/](npm|npx|yarn|pnpm|corepack)(-cli)?(\.[cm]?js)?$/;

/** All processes that left a file in `folder`, in the order of their ids. */
export function readProcesses(folder: string): readonly WatchedProcess[] {
  const tracers = parsed(folder, "tracer-", tracerFile);
  const all = parsed(folder, "process-", processFile).map((each) => ({
    ...each,
    tracers: tracers
      .filter(({ pid }) => pid === each.pid)
      .sort((a, b) => a.threadId - b.threadId || a.startedMs - b.startedMs),
  }));
  return all.filter(({ argv }) => !TOOLS.test(argv[1] ?? "")).sort((a, b) => a.pid - b.pid);
}
