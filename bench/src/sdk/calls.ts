// CPU of a call of a database client and of gRPC, bare and with each tracer.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { quantile } from "../draw.ts";
import type { FigureList } from "../figures.ts";
import type { Agent } from "./agents.ts";
import { environment, type Place, Sink } from "./processes.ts";

/** How often, and how many calls each time. */
interface CallSizes {
  readonly calls: number;
  readonly rounds: number;
}

interface Ports {
  readonly postgres: number;
  readonly redis: number;
}

/** By the names that calls.cjs knows them by, with their title. */
const KINDS = {
  pg: "query of pg",
  ioredis: "command of ioredis",
  grpc: "gRPC call, both sides",
} as const;
const HEADER_ONLY = "grpc-header";

const measured = ["bare", "Clew", "OpenTelemetry JS"];

function forkIn(place: Place, file: string, args: string[], more: object = {}): ChildProcess {
  return fork(join(place.folder, file), args, {
    cwd: place.folder,
    execPath: place.node,
    execArgv: [],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    ...more,
  });
}

async function microsPerCall(
  place: Place,
  agent: Agent,
  sink: Sink,
  kind: string,
  port: number,
  calls: number,
): Promise<number> {
  const child = forkIn(place, "calls.cjs", [kind, String(port), String(calls)], {
    execArgv: [...agent.cjs],
    env: environment(place, agent, sink.url),
  });
  const ended = once(child, "close").then(() => {
    throw new Error(`${kind} with ${agent.name} ended without a figure`);
  });
  const [answer] = (await Promise.race([once(child, "message"), ended])) as [{ micros: number }];
  await ended.catch(() => {});
  return answer.micros;
}

/** Adds figures of each kind of call. */
export async function benchCalls(
  place: Place,
  agents: readonly Agent[],
  figures: FigureList,
  { calls, rounds }: CallSizes,
  label: string,
): Promise<void> {
  const sink = await Sink.start(0);
  const stubs = forkIn(place, "stub-servers.cjs", []);
  try {
    const [ports] = (await once(stubs, "message")) as [Ports];
    const all = agents.filter(({ name }) => measured.includes(name));
    const measure = async (agent: Agent, kind: string): Promise<number> => {
      const port = kind === "ioredis" ? ports.redis : ports.postgres;
      const values: number[] = [];
      for (let round = 0; round < rounds; round++) {
        values.push(await microsPerCall(place, agent, sink, kind, port, calls));
      }
      return quantile(values, 0.5);
    };
    for (const [kind, title] of Object.entries(KINDS)) {
      let bare = Number.NaN;
      for (const agent of all) {
        const micros = await measure(agent, kind);
        if (agent.name === "bare") {
          bare = micros;
          figures.add(`${label}: CPU per ${title}, bare`, bare, "us");
          if (kind !== "grpc") continue;
          const header = (await measure(agent, HEADER_ONLY)) - bare;
          figures.add(`${label}: CPU per ${title} over bare, a header alone`, header, "us");
        } else {
          figures.add(`${label}: CPU per ${title} over bare, ${agent.name}`, micros - bare, "us");
        }
      }
    }
  } finally {
    stubs.kill("SIGKILL");
    sink.stop();
  }
}
