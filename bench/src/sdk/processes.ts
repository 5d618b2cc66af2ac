// The processes of one measurement: the service with a tracer in front of it, and the sink.

import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChild } from "../child.ts";
import type { Agent } from "./agents.ts";

/** What the sink has seen. */
export interface SinkCount {
  readonly spans: number;
  readonly lastWork: number;
}

/** A running sink. */
export class Sink {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static async start(delayMs: number): Promise<Sink> {
    const file = fileURLToPath(new URL("./counting-sink.ts", import.meta.url));
    const child = startChild([file, String(delayMs)]);
    const [port] = (await once(child.stdout, "data")) as [string];
    return new Sink(`http://127.0.0.1:${port.trim()}`, child);
  }

  async count(): Promise<SinkCount> {
    return (await (await fetch(`${this.url}/count`)).json()) as SinkCount;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}

/** Where measurements run. */
export interface Place {
  readonly folder: string;
  readonly node: string;
}

/** Variables of a program that is measured. */
export function environment(place: Place, agent: Agent, sink: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: place.folder,
    CLEW_SDK_SPILL: join(place.folder, "spill"),
    ...agent.env(sink),
  };
}

/** A service that is measured. */
export class App {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
  }

  static async start(
    place: Place,
    agent: Agent,
    sink: string,
    more: Record<string, string> = {},
  ): Promise<App> {
    const child = fork(join(place.folder, "http-app.cjs"), {
      cwd: place.folder,
      execPath: place.node,
      execArgv: [...agent.cjs],
      env: { ...environment(place, agent, sink), ...more },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const [message] = (await once(child, "message")) as [{ port: number }];
    return new App(message.port, child);
  }

  /** CPU used so far, microseconds. */
  async cpuMicros(): Promise<number> {
    this.#child.send("cpu");
    const [message] = (await once(this.#child, "message")) as [{ cpuMicros: number }];
    return message.cpuMicros;
  }

  async stop(): Promise<void> {
    const closed = once(this.#child, "close");
    this.#child.send("stop");
    await closed;
  }
}

/** Milliseconds and peak memory (KiB) of a program that does nothing. */
export function timeStart(
  place: Place,
  agent: Agent,
  kind: "cjs" | "esm",
): { ms: number; kib: number } {
  const file = kind === "cjs" ? "empty.cjs" : "empty.mjs";
  const startMs = performance.now();
  const flags = kind === "cjs" ? agent.cjs : agent.esm;
  const ended = spawnSync(place.node, [...flags, file], {
    cwd: place.folder,
    env: environment(place, agent, "http://127.0.0.1:1"),
    timeout: 30_000,
    encoding: "utf8",
  });
  const ms = performance.now() - startMs;
  if (ended.status !== 0) throw new Error(ended.stderr || "it did not end");
  const memory = spawnSync(place.node, [...flags, "--require", "./probe.cjs", file], {
    cwd: place.folder,
    env: environment(place, agent, "http://127.0.0.1:1"),
    encoding: "utf8",
  });
  return { ms, kib: Number(/kib (\d+)/.exec(memory.stdout)?.[1] ?? Number.NaN) };
}

/** Runs a program in the place to its end; resolves to how it ended and after how many milliseconds. */
export async function runToEnd(
  place: Place,
  agent: Agent,
  sink: string,
  source: string,
): Promise<{ code: number | null; signal: string | null; ms: number }> {
  const env = environment(place, agent, sink);
  const startMs = performance.now();
  const child = spawn(place.node, [...agent.cjs, "-e", source], {
    cwd: place.folder,
    env,
    stdio: "ignore",
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  clearTimeout(timer);
  return { code, signal, ms: performance.now() - startMs };
}
