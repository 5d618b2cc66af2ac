// The Clew that is measured, as a child process with a data folder of its own.

import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { CLI, startChild } from "./child.ts";
import { cpuSecondsOf, peakBytesOf } from "./process-usage.ts";
import { makeScratch, removeScratch } from "./scratch.ts";

const START_MS = 120_000;
const STOP_MS = 60_000;
const LOG_CHARACTERS = 20_000;
const LOOK_EVERY_MS = 250;
// Nothing left to do: less than this share of one core over this long.
const IDLE_SHARE = 0.05;
const IDLE_MS = 2000;
// Counters of the ingest are reported every second; before that an empty spool says nothing.
const COUNTERS_MS = 1200;

/** Where servers of a run live. */
export interface ServerPlace {
  /** Data folders are made in here. */
  readonly folder: string;
  /** The API listens here, OTLP/gRPC on the next port, OTLP/HTTP on the one after. */
  readonly port: number;
}

/** What it took until the server had nothing left to do. */
export interface Settled {
  /** Seconds until everything that was acknowledged was in the engine. */
  readonly storedSeconds: number;
  /** Seconds until the process was idle: merges are done. */
  readonly idleSeconds: number;
  /** Its CPU seconds at the moment it became idle. */
  readonly cpuSeconds: number;
  /** False when it was still busy at the time limit. */
  readonly idle: boolean;
}

/** A server under measurement. Use one by `await ServerProcess.start(place)`; end it by `dispose`. */
export class ServerProcess {
  readonly dataDir: string;
  readonly #port: number;
  #child: ChildProcess | undefined;
  #exited: Promise<number> = Promise.resolve(0);
  #log = "";

  private constructor(dataDir: string, port: number) {
    this.dataDir = dataDir;
    this.#port = port;
  }

  /** Starts a server on an empty data folder and waits until it is ready. */
  static async start(place: ServerPlace): Promise<ServerProcess> {
    const server = new ServerProcess(await makeScratch(place.folder), place.port);
    await server.launch();
    return server;
  }

  /** Where the UI and the query APIs are. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The OTLP receiver of a transport. */
  endpoint(transport: "grpc" | "http"): string {
    return `http://127.0.0.1:${this.#port + (transport === "grpc" ? 1 : 2)}`;
  }

  /** CPU seconds since its start, all threads. */
  get cpuSeconds(): number {
    return cpuSecondsOf(this.#pid);
  }

  /** Peak of resident memory since its start, bytes. */
  get peakBytes(): number {
    return peakBytesOf(this.#pid);
  }

  get #pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("the server does not run");
    return pid;
  }

  /** Starts the server on what its folder holds. Resolves to the milliseconds until it was ready. */
  async launch(): Promise<number> {
    const startMs = performance.now();
    const child = startChild([CLI, "serve"], {
      CLEW_HOST: "127.0.0.1",
      CLEW_DATA_DIR: this.dataDir,
      CLEW_PORT: String(this.#port),
      CLEW_OTLP_GRPC_PORT: String(this.#port + 1),
      CLEW_OTLP_HTTP_PORT: String(this.#port + 2),
    });
    this.#child = child;
    const take = (text: string): void => {
      this.#log = (this.#log + text).slice(-LOG_CHARACTERS);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    this.#exited = new Promise((resolve) => {
      child.on("close", (code) => resolve(code ?? -1));
    });
    while (!(await this.#isReady())) {
      const late = performance.now() - startMs > START_MS;
      if (child.exitCode !== null || child.signalCode !== null || late) {
        throw new Error(`the server did not become ready:\n${this.#log}`);
      }
      await delay(20);
    }
    return performance.now() - startMs;
  }

  async #isReady(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.url}/api/v1/health`);
      await answer.arrayBuffer();
      return answer.status === 200;
    } catch {
      return false;
    }
  }

  /** One of its own counters, without labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const found = new RegExp(`^${name} (.+)$`, "m").exec(text);
    if (found === null) throw new Error(`/metrics has no ${name}`);
    return Number(found[1]);
  }

  /** Waits until all that was acknowledged is in the engine and the merges that follow are done. */
  async settle(limitMs = 300_000): Promise<Settled> {
    const startMs = performance.now();
    const seconds = (): number => (performance.now() - startMs) / 1000;
    await delay(COUNTERS_MS);
    while ((await this.metric("clew_spool_bytes")) > 0 && seconds() * 1000 < limitMs) {
      await delay(LOOK_EVERY_MS);
    }
    const storedSeconds = seconds();
    let since = { cpu: this.cpuSeconds, seconds: seconds() };
    while (seconds() * 1000 < limitMs) {
      await delay(LOOK_EVERY_MS);
      const now = { cpu: this.cpuSeconds, seconds: seconds() };
      const busy = now.cpu - since.cpu > (IDLE_SHARE * IDLE_MS) / 1000;
      if (busy) since = now;
      const idle = now.seconds - since.seconds >= IDLE_MS / 1000;
      if (idle) return { storedSeconds, idleSeconds: since.seconds, cpuSeconds: since.cpu, idle };
    }
    return { storedSeconds, idleSeconds: seconds(), cpuSeconds: this.cpuSeconds, idle: false };
  }

  /** kill -9: nothing is flushed, nothing is closed. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#exited;
  }

  /** Ctrl-C; resolves when the process has ended. Throws when it does not. */
  async stop(): Promise<void> {
    this.#child?.kill("SIGINT");
    const late = delay(STOP_MS, "late" as const, { ref: false });
    if ((await Promise.race([this.#exited, late])) === "late") {
      throw new Error(`the server did not stop:\n${this.#log}`);
    }
  }

  /** Ends the server by force and removes its data. Says on stderr what it had warned of. */
  async dispose(): Promise<void> {
    await this.kill();
    const warnings = this.#log.split("\n").filter((line) => /"level":[456]0/.test(line));
    for (const line of warnings.slice(0, 3))
      process.stderr.write(`  server: ${line.slice(0, 500)}\n`);
    if (warnings.length > 3) process.stderr.write(`  server: ${warnings.length} such lines\n`);
    await removeScratch(this.dataDir);
  }
}
