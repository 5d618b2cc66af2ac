// Tools about single traces: overview, details of a span, critical path, comparison of two.

import {
  compareTraces,
  criticalPath,
  layoutTrace,
  selfTimes,
  type TraceDifference,
} from "@clew/analysis";
import { ClewError } from "@clew/base";
import { rowValue } from "@clew/codec";
import { type SpanBatch, spanKindNames, statusCodeNames, toHex } from "@clew/model";
import { z } from "zod";
import { bounded, clipped, durationText, timeText, valueText } from "./answer-text.ts";
import { type Tool, type ToolCall, tool, traceIdInput } from "./tool.ts";

/** Rows of an overview: beyond, only those that explain the trace. */
const mostRows = 200;

type Trace = Parameters<typeof compareTraces>[0];

async function readTrace(traceId: string, call: ToolCall): Promise<Trace> {
  if (!/^[0-9a-fA-F]{1,32}$/.test(traceId)) {
    throw new ClewError("bad_request", "a trace id is 1 to 32 hex digits", {
      hint: "search_traces finds the ids of traces",
    });
  }
  const id = traceId.toLowerCase().padStart(32, "0");
  const batch = await call.reader.trace(call.tenant, id, call.signal);
  if (batch !== undefined && batch.length > 0) return { batch, layout: layoutTrace(batch) };
  throw new ClewError("not_found", `there is no trace ${id}`, {
    hint: "search_traces finds the ids of traces",
  });
}

function rowText({ batch, layout }: Trace, row: number): string {
  const span = layout.span[row] as number;
  const service = layout.services[layout.service[row] as number] ?? "";
  const duration = durationText(layout.duration[row] as number);
  if (span < 0) return `(span that has not arrived) ${duration}`;
  const name = clipped(batch.strings.text(batch.name[span] as number), 120);
  const status = batch.status[span] === 2 ? " ERROR" : "";
  return `${service}: ${name} [${spanIdOf(batch, span)}] ${duration}${status}`;
}

function spanIdOf(batch: SpanBatch, span: number): string {
  return toHex(batch.spanIds, span * 8, 8);
}

const overview = tool({
  name: "trace_overview",
  title: "Overview of a trace",
  description:
    "The tree of a trace's spans with service, name, id, duration, self time and errors, without attributes. Large traces show what explains them: the critical path, errors, and the spans with most self time. For attributes and events use span_details.",
  input: z.object({ trace_id: traceIdInput }),
  async run({ trace_id: traceId }, call) {
    const trace = await readTrace(traceId, call);
    const { layout } = trace;
    const self = selfTimes(layout);
    const shown = chosenRows(trace, self);
    const lines = [
      `${layout.spanCount} spans, ${layout.errorCount} errors, ${durationText(layout.durationNano)}, from ${timeText(layout.startNano)}; services: ${layout.services.join(", ")}`,
      "indent: depth; +: offset from the trace's start",
    ];
    for (let row = 0; row < layout.rowCount; row++) {
      if (!shown.has(row)) continue;
      const indent = " ".repeat(Math.min(40, layout.depth[row] as number));
      lines.push(
        `${indent}${rowText(trace, row)} +${durationText(layout.start[row] as number)} self ${durationText(self[row] ?? 0)}`,
      );
    }
    if (shown.size < layout.rowCount) {
      lines.push(
        `[${layout.rowCount - shown.size} spans left out: neither on the critical path, nor errors, nor among the slowest by self time]`,
      );
    }
    return bounded(
      lines,
      "Use critical_path, or search_traces with trace:id for some of its spans.",
    );
  },
});

function chosenRows(trace: Trace, self: Float64Array): ReadonlySet<number> {
  const { layout } = trace;
  const rows = Array.from({ length: layout.rowCount }, (_, row) => row);
  if (rows.length <= mostRows) return new Set(rows);
  const shown = new Set<number>([0]);
  const onPath = criticalPath(layout).toSorted((a, b) => b.to - b.from - (a.to - a.from));
  const isError = (row: number): boolean => trace.batch.status[layout.span[row] as number] === 2;
  const bySelf = rows.toSorted((a, b) => (self[b] ?? 0) - (self[a] ?? 0));
  const candidates = [
    ...onPath.slice(0, mostRows / 2).map(({ row }) => row),
    ...rows.filter(isError).slice(0, mostRows / 2),
    ...bySelf,
  ];
  for (const row of candidates) {
    if (shown.size >= mostRows) break;
    shown.add(row);
  }
  return shown;
}

const details = tool({
  name: "span_details",
  title: "Details of a span",
  description: "Attributes, events, links and resource of one span of a trace.",
  input: z.object({
    trace_id: traceIdInput,
    span_id: z.string().describe("Span id: 16 hex digits, as trace_overview shows it."),
  }),
  async run({ trace_id: traceId, span_id: spanId }, call) {
    const { batch } = await readTrace(traceId, call);
    const wanted = spanId.toLowerCase().padStart(16, "0");
    for (let span = 0; span < batch.length; span++)
      if (spanIdOf(batch, span) === wanted)
        return bounded(spanLines(batch, span), "The rest is not shown.");
    throw new ClewError("not_found", `the trace has no span ${wanted.slice(0, 40)}`, {
      hint: "trace_overview shows the ids of its spans",
    });
  },
});

function spanLines(batch: SpanBatch, span: number): string[] {
  const { strings, resources, scopes } = batch;
  const resource = batch.resource[span] as number;
  const scope = batch.scope[span] as number;
  const message = strings.text(batch.statusMessage[span] as number);
  const lines = [
    `span ${spanIdOf(batch, span)}: ${strings.text(batch.name[span] as number)}`,
    `parent: ${toHex(batch.parentIds, span * 8, 8).replace(/^0+$/, "none")}`,
    `kind: ${spanKindNames[batch.kind[span] as number] ?? "unspecified"}, status: ${statusCodeNames[batch.status[span] as number] ?? "unset"}${message === "" ? "" : ` (${clipped(message)})`}`,
    `start: ${timeText(batch.startNano(span))}, duration: ${durationText(batch.durationNano(span))}`,
    `scope: ${strings.text(scopes.name[scope] as number)} ${strings.text(scopes.version[scope] as number)}`,
  ];
  const section = (
    title: string,
    columns: SpanBatch["attributes"],
    offsets: Uint32Array,
    row: number,
    indent = "",
  ): void => {
    const from = offsets[row] as number;
    const to = offsets[row + 1] as number;
    if (from === to) return;
    if (title !== "") lines.push(`${title}:`);
    for (let i = from; i < to; i++) {
      const key = strings.text(columns.keys[i] as number);
      lines.push(`${indent}  ${key} = ${valueText(rowValue(columns, strings, i))}`);
    }
  };
  section("attributes", batch.attributes, batch.attributeOffsets, span);
  section("resource", resources.attributes, resources.attributeOffsets, resource);
  for (
    let i = batch.eventOffsets[span] as number;
    i < (batch.eventOffsets[span + 1] as number);
    i++
  ) {
    lines.push(`event: ${strings.text(batch.eventName[i] as number)}`);
    section("", batch.eventAttributes, batch.eventAttributeOffsets, i);
  }
  for (
    let i = batch.linkOffsets[span] as number;
    i < (batch.linkOffsets[span + 1] as number);
    i++
  ) {
    lines.push(
      `link: trace ${toHex(batch.linkTraceIds, i * 16, 16)} span ${toHex(batch.linkSpanIds, i * 8, 8)}`,
    );
    section("", batch.linkAttributes, batch.linkAttributeOffsets, i);
  }
  return lines;
}

const path = tool({
  name: "critical_path",
  title: "Critical path of a trace",
  description:
    "Which spans the duration of the trace is made of: only what is listed can make the request faster. Summed by span, the most time first.",
  input: z.object({ trace_id: traceIdInput }),
  async run({ trace_id: traceId }, call) {
    const trace = await readTrace(traceId, call);
    const times = new Map<number, number>();
    for (const { row, from, to } of criticalPath(trace.layout))
      times.set(row, (times.get(row) ?? 0) + to - from);
    const total = [...times.values()].reduce((sum, time) => sum + time, 0);
    const lines = [...times]
      .toSorted(([, a], [, b]) => b - a)
      .map(([row, time]) => {
        const share = total === 0 ? 0 : Math.round((time / total) * 100);
        return `${durationText(time)} (${share}%) ${rowText(trace, row)}`;
      });
    return bounded([`critical path of ${durationText(total)}:`, ...lines], "The rest is small.");
  },
});

const compare = tool({
  name: "compare_traces",
  title: "Compare two traces",
  description:
    "What differs between two traces of the same kind of request, such as a normal one (base) and a slow one (other): by operation, spans, errors and self time.",
  input: z.object({ base_trace_id: traceIdInput, other_trace_id: traceIdInput }),
  async run({ base_trace_id: baseId, other_trace_id: otherId }, call) {
    const [base, other] = [await readTrace(baseId, call), await readTrace(otherId, call)];
    return bounded(differenceLines(compareTraces(base, other)), "The rest changed less.");
  },
});

function differenceLines({ base, other, operations }: TraceDifference): string[] {
  const pair = (a: number, b: number): string => (a === b ? String(a) : `${a} -> ${b}`);
  const head = `duration ${durationText(base.duration)} -> ${durationText(other.duration)}, spans ${pair(base.spans, other.spans)}, errors ${pair(base.errors, other.errors)}`;
  if (operations.length === 0) return [head, "No operation differs."];
  const lines = operations.map(({ service, name, base: a, other: b }) => {
    const change = b.self - a.self;
    const what =
      a.spans === 0
        ? "only in other"
        : b.spans === 0
          ? "only in base"
          : `spans ${pair(a.spans, b.spans)}`;
    const sign = change < 0 ? "-" : "+";
    return `${sign}${durationText(Math.abs(change))} self time: ${service}: ${clipped(name, 120)}, ${what}, errors ${pair(a.errors, b.errors)}, self ${durationText(a.self)} -> ${durationText(b.self)}`;
  });
  return [head, "by operation, the largest change of self time first:", ...lines];
}

export const traceTools: readonly Tool[] = [overview, details, path, compare];
