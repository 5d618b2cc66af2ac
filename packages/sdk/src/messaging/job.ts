// Scheduled work: what node-cron, node-schedule, setInterval and the like call. Each run is a trace of its own, which
// links to where the job was planned.

import type { Link, Span } from "@opentelemetry/api";
import { span } from "../helpers/span.ts";
import type { SpanAttributes } from "../semconv.ts";
import { activeContext, spanOf } from "../trace/context.ts";

/** What `job` says about each run. */
export interface JobChoices {
  readonly attributes?: SpanAttributes;
  /** When it runs, such as a cron expression; becomes `clew.job.schedule`. */
  readonly schedule?: string;
}

/** A function that a scheduler may call with anything. */
export type Job<A extends unknown[], T> = (...args: A) => T;

/** `work` as a job: each call is the root span `name`, with a link to the span in which `job` was called. */
export function job<A extends unknown[], T>(
  name: string,
  work: (...args: A) => T,
  choices: JobChoices = {},
): Job<A, T> {
  const planned: Span | undefined = spanOf(activeContext());
  const links: Link[] = planned === undefined ? [] : [{ context: planned.spanContext() }];
  const { attributes, schedule } = choices;
  const about: SpanAttributes = {
    "clew.job.name": name,
    ...(schedule === undefined ? {} : { "clew.job.schedule": schedule }),
    ...attributes,
  };
  let runs = 0;
  return function run(this: unknown, ...args: A): T {
    const numbered = { ...about, "clew.job.run": ++runs };
    return span(name, numbered, { parent: null, links }, () => Reflect.apply(work, this, args));
  };
}
