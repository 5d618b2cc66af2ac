// Part: spans of BullMQ, through its own Telemetry interface: queues, workers and flows that have none are given this one.
// What it calls internal work (fetching, locks, stalled jobs) makes no spans. Context is JSON in a job's
// `telemetry.metadata`, as bullmq-otel writes it; `omitContext` is BullMQ's own.

import type { Attributes, Context } from "@opentelemetry/api";
import type { Instrumentation, Tracing } from "../instrument/instrumentation.ts";
import { mapCarrier, parseObject } from "../messaging/carrier.ts";
import { type Begun, Messaging, messageParent } from "../messaging/operation.ts";
import { attempt, type Method, prototypeOf, wrapMethod } from "../messaging/patching.ts";
import { ROOT, SUPPRESSED, storage } from "../trace/context.ts";
import { fail } from "../trace/exception.ts";

const LIBRARY = "bullmq";
const PRODUCER = 3;
const CONSUMER = 4;
const MAX_METADATA = 16 * 1024;
const METADATA = Symbol("clew.bullmq.metadata");

/** BullMQ's names of attributes in OpenTelemetry's words. */
const NAMES: Readonly<Record<string, string>> = {
  "bullmq.job.id": "messaging.message.id",
  "bullmq.job.bulk.count": "messaging.batch.message_count",
};
/** What the conventions say already, or too much of it. */
const UNWANTED = new Set(["bullmq.queue.name", "bullmq.queue.operation", "bullmq.job.options"]);

/** A span as BullMQ wants it. */
class JobSpan {
  /** What the job threw, before BullMQ has decided whether that is a failure. */
  failure: unknown = undefined;
  readonly #begun: Begun | undefined;

  constructor(begun: Begun | undefined) {
    this.#begun = begun;
  }

  setSpanOnContext(context: Context): Context {
    return this.#begun?.context ?? context;
  }

  setAttribute(name: string, value: never): void {
    if (!UNWANTED.has(name)) this.#begun?.span.setAttribute(NAMES[name] ?? name, value);
  }

  setAttributes(attributes: Attributes): void {
    for (const [name, value] of Object.entries(attributes)) this.setAttribute(name, value as never);
  }

  addEvent(name: string, attributes: Attributes = {}): void {
    // The end of the span says so, and a result is the program's own affair.
    if (name === "job completed") return;
    if (name !== "job failed") this.#begun?.span.addEvent(name, attributes);
    else this.recordException(this.failure ?? attributes["bullmq.job.failed.reason"]);
  }

  recordException(error: unknown): void {
    if (this.#begun !== undefined) fail(this.#begun.span, error);
  }

  end(): void {
    this.#begun?.span.end();
  }
}

/** `add <queue>.<job>` and the like. A dot may be in both names; the attribute has the queue's own. */
function begin(messaging: Messaging, name: string, kind: number, context: Context | undefined) {
  const space = name.indexOf(" ");
  const destination = space < 0 ? "" : name.slice(space + 1);
  const place = { system: "bullmq", destination: queueOf(destination) };
  if (kind === PRODUCER) {
    if (!/^(add|addBulk|addNode|retryJobs)( |$)/.test(name)) return undefined;
    return messaging.send(place, undefined, context);
  }
  if (kind !== CONSUMER) return undefined;
  const metadata = context?.getValue(METADATA);
  const carrier = mapCarrier(parseObject(metadata, MAX_METADATA));
  const parent = messageParent(recurring ? "link" : "message");
  return messaging.process({ ...place, carrier }, parent, ROOT);
}

/** While a job of a scheduler is about to be processed: each run carries the context of when it was planned. */
let recurring = false;

/** Queues that are known, since BullMQ joins a queue's and a job's name. */
const queues = new Set<string>();

function queueOf(destination: string): string {
  if (queues.has(destination)) return destination;
  for (let at = destination.indexOf("."); at >= 0; at = destination.indexOf(".", at + 1)) {
    if (queues.has(destination.slice(0, at))) return destination.slice(0, at);
  }
  return destination;
}

function metadataOf(tracing: Tracing, context: Context): string {
  const carried: Record<string, string> = {};
  tracing.inject(context, (name, value) => {
    carried[name] = value;
  });
  return JSON.stringify(carried);
}

function telemetryOf(tracing: Tracing) {
  const messaging = new Messaging(tracing, "@clew/sdk/bullmq");
  return {
    tracer: {
      startSpan: (name: string, options?: { kind?: number }, context?: Context) =>
        new JobSpan(attempt(LIBRARY, () => begin(messaging, name, options?.kind ?? 0, context))),
    },
    contextManager: {
      with: (context: Context, work: () => unknown) => storage.run(context, work),
      active: () => tracing.active(),
      root: () => ROOT,
      getMetadata: (context: Context) => metadataOf(tracing, context),
      fromMetadata: (active: Context, metadata: string) => active.setValue(METADATA, metadata),
    },
  };
}

interface Traced {
  name?: string;
  opts?: { telemetry?: unknown };
  telemetry?: unknown;
}

/** Gives the object its telemetry before it is first asked for. */
function wrapTrace(give: (target: Traced) => void): (original: Method) => Method {
  return (original) =>
    function traced(this: unknown, ...args: unknown[]): unknown {
      attempt(LIBRARY, () => give(this as Traced));
      return Reflect.apply(original, this, args);
    };
}

function patchQueues(exports: Record<string, unknown>, tracing: Tracing): void {
  const telemetry = telemetryOf(tracing);
  const give = (target: Traced): void => {
    if (queues.size < 10_000 && target.name !== undefined) queues.add(target.name);
    if (target.opts !== undefined) target.opts.telemetry ??= telemetry;
  };
  wrapMethod(prototypeOf(exports["QueueBase"]), "trace", wrapTrace(give));
}

interface Job {
  readonly repeatJobKey?: unknown;
  readonly opts?: { readonly repeat?: unknown };
}

function patchWorkers(exports: Record<string, unknown>): void {
  const worker = prototypeOf(exports["Worker"]);
  // `handleFailed(error, job, token, fetchNext, span)`: BullMQ tells its telemetry only the error's message.
  wrapMethod(
    worker,
    "handleFailed",
    (original) =>
      function handleFailed(this: unknown, ...args: unknown[]): unknown {
        if (args[4] instanceof JobSpan) args[4].failure = args[0];
        return Reflect.apply(original, this, args);
      },
  );
  // Begins the span before it first waits.
  wrapMethod(
    worker,
    "processJob",
    (original) =>
      function processJob(this: unknown, ...args: unknown[]): unknown {
        const job = args[0] as Job | undefined;
        recurring = (job?.repeatJobKey ?? job?.opts?.repeat) !== undefined;
        try {
          return Reflect.apply(original, this, args);
        } finally {
          recurring = false;
        }
      },
  );
}

/** `upsertJobScheduler(..., { override: false })` is how a worker plans the next run, which nobody has asked for. */
function patchSchedulers(exports: Record<string, unknown>): void {
  wrapMethod(
    prototypeOf(exports["JobScheduler"]),
    "upsertJobScheduler",
    (original) =>
      function upsertJobScheduler(this: unknown, ...args: unknown[]): unknown {
        const { override } = (args[5] ?? {}) as { override?: unknown };
        const work = (): unknown => Reflect.apply(original, this, args);
        return override === false ? storage.run(SUPPRESSED, work) : work();
      },
  );
}

/** A child process for jobs outlives the job that it was started for. */
function patchChildPools(exports: Record<string, unknown>): void {
  wrapMethod(
    prototypeOf(exports["ChildPool"]),
    "retain",
    (original) =>
      function retain(this: unknown, ...args: unknown[]): unknown {
        return storage.run(ROOT, () => Reflect.apply(original, this, args));
      },
  );
}

interface SandboxedJob {
  opts?: { telemetry?: { metadata?: unknown } };
}

/** A job as a child process gets it: with the context of its processing in place of its sender's. */
function patchJobs(exports: Record<string, unknown>, tracing: Tracing): void {
  wrapMethod(
    prototypeOf(exports["Job"]),
    "asJSONSandbox",
    (original) =>
      function asJSONSandbox(this: unknown, ...args: unknown[]): unknown {
        const job = Reflect.apply(original, this, args) as SandboxedJob;
        const metadata = metadataOf(tracing, tracing.active());
        const telemetry = { ...job.opts?.telemetry, metadata };
        return metadata === "{}" ? job : { ...job, opts: { ...job.opts, telemetry } };
      },
  );
}

/** `start(job, token)` of a child process, which processes one job after another. */
function patchChildren(exports: Record<string, unknown>, tracing: Tracing): void {
  wrapMethod(
    prototypeOf(exports["ChildProcessor"]),
    "start",
    (original) =>
      function start(this: unknown, ...args: unknown[]): unknown {
        const { opts } = (args[0] ?? {}) as SandboxedJob;
        const carrier = mapCarrier(parseObject(opts?.telemetry?.metadata, MAX_METADATA));
        const context = tracing.extract((name) => carrier.get(name));
        return storage.run(context, () => Reflect.apply(original, this, args));
      },
  );
}

function patchFlows(exports: Record<string, unknown>, tracing: Tracing): void {
  const telemetry = telemetryOf(tracing);
  const give = (target: Traced): void => {
    target.telemetry ??= telemetry;
  };
  for (const name of ["add", "addBulk"]) {
    wrapMethod(prototypeOf(exports["FlowProducer"]), name, wrapTrace(give));
  }
  // A job of a flow gets its sender's context only where it has options.
  wrapMethod(
    prototypeOf(exports["FlowProducer"]),
    "addNode",
    (original) =>
      function addNode(this: unknown, ...args: unknown[]): unknown {
        const given = args[0] as { node?: { opts?: object } } | undefined;
        const node = given?.node;
        if (node === undefined || node.opts !== undefined)
          return Reflect.apply(original, this, args);
        return Reflect.apply(original, this, [{ ...given, node: { ...node, opts: {} } }]);
      },
  );
}

const FILES: Readonly<
  Record<string, (exports: Record<string, unknown>, tracing: Tracing) => void>
> = {
  "queue-base": patchQueues,
  worker: patchWorkers,
  "flow-producer": patchFlows,
  "job-scheduler": patchSchedulers,
  "child-pool": patchChildPools,
  job: patchJobs,
  "child-processor": patchChildren,
};

/** Instrumentation of bullmq. */
export const instrumentation: Instrumentation = {
  name: "bullmq",
  modules: Object.entries(FILES).map(([file, patch]) => ({
    module: "bullmq",
    versions: ">=5.41 <7",
    file: `dist/cjs/classes/${file}`,
    patch: (exports, _loaded, tracing) => patch(exports, tracing),
  })),
};
