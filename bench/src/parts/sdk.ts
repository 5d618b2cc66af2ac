// Part `sdk`: what the tracer costs and keeps, beside other tracers in the same run: CPU per request, start-up,
// single spans, calls of databases and gRPC, overload, exits. Installs the others from the registry into a scratch folder.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { quantile } from "../draw.ts";
import type { FigureList } from "../figures.ts";
import type { BenchRun } from "../run.ts";
import { makeScratch, removeScratch } from "../scratch.ts";
import { AGENTS, type Agent, installAgents, installNode } from "../sdk/agents.ts";
import { benchCalls } from "../sdk/calls.ts";
import { sendAtRate, sendRequests } from "../sdk/http-load.ts";
import { App, type Place, runToEnd, Sink, timeStart } from "../sdk/processes.ts";

const NODE_22 = "22.22.3";
const CLEW = "Clew";
const WARM_UP = 10_000;
const SETTLE_MS = 1500;
const LONGEST_WAIT_MS = 30_000;

interface Sizes {
  readonly requests: number;
  readonly rounds: number;
  readonly starts: number;
  readonly overloadSeconds: number;
  /** Calls of a database client or of gRPC. */
  readonly calls: number;
}

const FULL: Sizes = { requests: 60_000, rounds: 3, starts: 11, overloadSeconds: 10, calls: 40_000 };
const QUICK: Sizes = { requests: 10_000, rounds: 1, starts: 3, overloadSeconds: 2, calls: 10_000 };

const median = (values: number[]): number => quantile(values, 0.5);

async function cpuPerRequest(
  place: Place,
  agent: Agent,
  sink: Sink,
  sizes: Sizes,
  more: Record<string, string> = {},
): Promise<number> {
  const app = await App.start(place, agent, sink.url, more);
  try {
    await sendRequests(app.port, WARM_UP);
    const before = await app.cpuMicros();
    await sendRequests(app.port, sizes.requests);
    await delay(SETTLE_MS); // what is exported afterwards counts too
    return ((await app.cpuMicros()) - before) / sizes.requests;
  } finally {
    await app.stop();
  }
}

async function benchCpu(
  place: Place,
  agents: readonly Agent[],
  figures: FigureList,
  sizes: Sizes,
  label: string,
) {
  const sink = await Sink.start(0);
  const byName = new Map<string, number[]>();
  const note = (name: string, value: number) =>
    byName.set(name, [...(byName.get(name) ?? []), value]);
  try {
    for (let round = 0; round < sizes.rounds; round++) {
      for (const agent of agents) {
        note(agent.name, await cpuPerRequest(place, agent, sink, sizes));
        if (agent.name !== CLEW) continue;
        const unsampled = { OTEL_TRACES_SAMPLER: "always_off" };
        note("Clew, unsampled", await cpuPerRequest(place, agent, sink, sizes, unsampled));
      }
    }
  } finally {
    sink.stop();
  }
  const bare = median(byName.get("bare") ?? []);
  figures.add(`${label}: CPU per request, bare`, bare, "us");
  for (const [name, values] of byName) {
    if (name === "bare") continue;
    const goal = name === CLEW ? { goal: { atMost: 10 } } : {};
    figures.add(`${label}: CPU per request over bare, ${name}`, median(values) - bare, "us", goal);
  }
}

function benchStart(
  place: Place,
  agents: readonly Agent[],
  figures: FigureList,
  sizes: Sizes,
  label: string,
) {
  for (const kind of ["cjs", "esm"] as const) {
    const measure = (agent: Agent) => {
      const all = Array.from({ length: sizes.starts }, () => timeStart(place, agent, kind));
      return { ms: median(all.map(({ ms }) => ms)), mib: median(all.map(({ kib }) => kib)) / 1024 };
    };
    const bare = measure(AGENTS[0] as Agent);
    figures.add(`${label}: start-up ${kind}, bare`, bare.ms, "ms", {
      note: `${Math.round(bare.mib)} MiB`,
    });
    for (const agent of agents.slice(1)) {
      try {
        const { ms, mib } = measure(agent);
        const goal = agent.name === CLEW ? { goal: { atMost: kind === "cjs" ? 40 : 80 } } : {};
        figures.add(`${label}: start-up ${kind} over bare, ${agent.name}`, ms - bare.ms, "ms", {
          ...goal,
          note: `+${Math.round(mib - bare.mib)} MiB`,
        });
      } catch (error) {
        const note = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
        figures.add(`${label}: start-up ${kind} over bare, ${agent.name}`, undefined, "ms", {
          note,
        });
      }
    }
  }
}

async function benchSpans(place: Place, figures: FigureList, label: string) {
  const sink = await Sink.start(0);
  const measure = (sampler: string, share = "") => {
    const env = {
      ...process.env,
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: share,
      OTEL_LOG_LEVEL: "none",
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      CLEW_SDK_SPILL: "off",
    };
    const args = ["--require", "@clew/sdk/register", "micro.cjs"];
    const ended = spawnSync(place.node, args, { cwd: place.folder, env, encoding: "utf8" });
    return JSON.parse(ended.stdout) as { plain: number; rich: number };
  };
  const off = measure("parentbased_traceidratio", "0.000001");
  const ratio = measure("parentbased_traceidratio", "1");
  figures.add(`${label}: a span, unsampled`, off.plain, "ns", { goal: { atMost: 150 } });
  figures.add(`${label}: a span, unsampled, 10 attributes`, off.rich, "ns");
  figures.add(`${label}: a span, recorded and encoded`, ratio.plain, "ns");
  figures.add(`${label}: a span, recorded and encoded, 10 attributes`, ratio.rich, "ns");
  sink.stop();
}

async function overload(
  place: Place,
  agent: Agent,
  perSecond: number,
  delayMs: number,
  seconds: number,
) {
  const sink = await Sink.start(delayMs);
  const app = await App.start(place, agent, sink.url);
  try {
    const startMs = performance.now();
    const sent = await sendAtRate(app.port, perSecond, seconds);
    const rate = (sent * 1000) / (performance.now() - startMs);
    let { spans } = await sink.count();
    for (const endMs = performance.now() + LONGEST_WAIT_MS; performance.now() < endMs; ) {
      if (spans >= sent) break;
      await delay(Math.max(6000, delayMs * 4)); // longer than OpenTelemetry's batch delay
      const now = (await sink.count()).spans;
      if (now === spans) break;
      spans = now;
    }
    return { sent, rate, lost: 100 * (1 - spans / sent) };
  } finally {
    await app.stop();
    sink.stop();
  }
}

async function benchOverload(
  place: Place,
  agents: readonly Agent[],
  figures: FigureList,
  sizes: Sizes,
) {
  for (const [perSecond, delayMs] of [
    [2000, 500],
    [20_000, 50],
  ] as const) {
    for (const agent of agents.filter(({ name }) => name === CLEW || name === "OpenTelemetry JS")) {
      const { rate, lost } = await overload(
        place,
        agent,
        perSecond,
        delayMs,
        sizes.overloadSeconds,
      );
      const goal = agent.name === CLEW ? { goal: { atMost: 0 } } : {};
      figures.add(
        `spans lost, ${perSecond}/s, backend takes ${delayMs} ms, ${agent.name}`,
        lost,
        "%",
        {
          ...goal,
          note: `${Math.round(rate)} requests/s reached`,
        },
      );
    }
  }
}

const KILL = (signal: string) =>
  `process.kill(process.pid, "${signal}"); setInterval(() => {}, 100);`;
const ENDINGS = {
  "normal end": "",
  "process.exit": "process.exit(3);",
  "uncaught error": `throw new Error("boom");`,
  "unhandled rejection": `Promise.reject(new Error("boom"));`,
  SIGINT: KILL("SIGINT"),
  SIGTERM: KILL("SIGTERM"),
} as const;

async function benchExits(place: Place, agents: readonly Agent[], figures: FigureList) {
  for (const agent of agents) {
    const { lastWork } = agent;
    if (lastWork === undefined) continue;
    const kept: string[] = [];
    const lost: string[] = [];
    for (const [name, tail] of Object.entries(ENDINGS)) {
      const sink = await Sink.start(0);
      await runToEnd(place, agent, sink.url, `${lastWork} ${tail}`);
      // What lies on a disk counts when the next start sends it.
      if ((await sink.count()).lastWork === 0) {
        await runToEnd(place, agent, sink.url, "setTimeout(() => {}, 2500)");
      }
      ((await sink.count()).lastWork > 0 ? kept : lost).push(name);
      sink.stop();
    }
    const goal = agent.name === CLEW ? { goal: { atLeast: Object.keys(ENDINGS).length } } : {};
    const note = lost.length === 0 ? "" : `lost: ${lost.join(", ")}`;
    figures.add(`exits that lose nothing, ${agent.name}`, kept.length, "of 6", { ...goal, note });
    const bare = await runToEnd(place, AGENTS[0] as Agent, "", "");
    const idle = await runToEnd(place, agent, "http://127.0.0.1:1", lastWork);
    const limit = agent.name === CLEW ? { goal: { atMost: 500 } } : {};
    figures.add(
      `end with the backend down over bare, ${agent.name}`,
      idle.ms - bare.ms,
      "ms",
      limit,
    );
  }
}

/** Says how much memory a program took. On Linux maxRSS counts from the process that was forked, which is ours. */
const PEAK_MEMORY_PROBE = `const { readFileSync } = require("node:fs");
const peak = () => /^VmHWM:\\s*(\\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1];
process.on("exit", () => {
  console.log("kib", process.platform === "linux" ? peak() : process.resourceUsage().maxRSS);
});
`;

/** Runs the part. */
export async function benchSdk(run: BenchRun): Promise<void> {
  const figures = run.figures("sdk");
  const quick = run.scale.kills < 20;
  const sizes = quick ? QUICK : FULL;
  const folder = await makeScratch(run.place.folder);
  try {
    figures.step("installing other tracers and Node 22 into a scratch folder");
    const alone = process.env["BENCH_SDK_ALONE"] === "1";
    const agents = installAgents(folder, alone ? AGENTS.slice(0, 2) : AGENTS);
    writeFileSync(join(folder, "probe.cjs"), PEAK_MEMORY_PROBE);
    const old = installNode(join(folder, "node22"), NODE_22);
    const nodes = [
      ["Node 22", old],
      ["Node 24", process.execPath],
    ] as const;
    for (const [label, node] of nodes) {
      if (node === undefined) {
        figures.add(label, undefined, "", { note: "the registry did not give it" });
        continue;
      }
      const place = { folder, node };
      await benchCpu(place, agents, figures, sizes, label);
      benchStart(place, agents, figures, sizes, label);
      await benchSpans(place, figures, label);
      await benchCalls(place, agents, figures, sizes, label);
    }
    const place = { folder, node: process.execPath };
    await benchOverload(place, agents, figures, sizes);
    await benchExits(place, agents, figures);
  } finally {
    await removeScratch(folder);
  }
}
