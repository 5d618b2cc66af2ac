// One process of the shop as the supervisor sees it: started, told its peers, started again
// when it crashes (on its old port, so that the others find it), and stopped.
import { type ChildProcess, fork } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ChildMessage, Ports, SupervisorMessage } from "./parts/lifecycle.ts";
import type { Part } from "./plan.ts";

/** The tracer starts before the service's own code, which knows nothing of it. */
const TRACER = import.meta.resolve("@clew/sdk/register");
const FIRST_RESTART_MS = 500;
const LAST_RESTART_MS = 5_000;
/** A process that ran this long in milliseconds has recovered from its last crash. */
const STEADY_MS = 10_000;

/** Takes a line that a process printed. */
export type Print = (name: string, line: string) => void;

function tracerSettings({ name, version, env }: Part): NodeJS.ProcessEnv {
  if (version === undefined) return {};
  const resource = {
    "service.version": version,
    "service.namespace": "lanternfish-books",
    "deployment.environment.name": "demo",
  };
  const pairs = Object.entries(resource).map(([key, value]) => `${key}=${value}`);
  return { OTEL_SERVICE_NAME: name, OTEL_RESOURCE_ATTRIBUTES: pairs.join(","), ...env };
}

/** A supervised process. */
export class Child {
  readonly part: Part;
  /** Resolves with the port when the process listens for the first time. */
  readonly listening: Promise<number>;
  /** Resolves when the process is ready for the first time. */
  readonly ready: Promise<void>;
  readonly #env: NodeJS.ProcessEnv;
  readonly #print: Print;
  readonly #onListening: (port: number) => void;
  readonly #onReady: () => void;
  #process: ChildProcess | undefined;
  #port: number | undefined;
  #peers: Ports | undefined;
  #stopping = false;
  #restartMs = FIRST_RESTART_MS;
  #restart: NodeJS.Timeout | undefined;

  constructor(part: Part, env: NodeJS.ProcessEnv, print: Print) {
    const listening = Promise.withResolvers<number>();
    const ready = Promise.withResolvers<void>();
    this.part = part;
    this.listening = listening.promise;
    this.ready = ready.promise;
    this.#onListening = listening.resolve;
    this.#onReady = ready.resolve;
    this.#env = env;
    this.#print = print;
    this.#start();
  }

  /** Tells the process, and every later one in its place, where the others are. */
  introduce(peers: Ports): void {
    this.#peers = peers;
    this.#send({ kind: "peers", ports: peers });
  }

  /** Asks the process to leave; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const process = this.#process;
    if (process === undefined) return;
    const gone = new Promise<void>((resolve) => process.once("exit", () => resolve()));
    this.#send({ kind: "stop" });
    await gone;
  }

  /** Ends the process at once. */
  kill(): void {
    this.#stopping = true;
    clearTimeout(this.#restart);
    this.#process?.kill("SIGKILL");
  }

  #start(): void {
    const port = this.#port === undefined ? {} : { SHOP_PORT: String(this.#port) };
    const startedAt = Date.now();
    const child = fork(fileURLToPath(this.part.file), [], {
      execArgv: this.part.version === undefined ? [] : ["--import", TRACER],
      env: { ...this.#env, ...tracerSettings(this.part), ...port },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on("line", (line) => this.#print(this.part.name, line));
    }
    child.on("message", (message: ChildMessage) => this.#hear(message));
    child.on("error", (error) => this.#print(this.part.name, `process error: ${error.message}`));
    child.on("exit", (code, signal) => {
      this.#process = undefined;
      if (!this.#stopping) this.#restartLater(signal ?? `code ${code}`, Date.now() - startedAt);
    });
  }

  #hear(message: ChildMessage): void {
    if (message.kind === "ready") {
      this.#onReady();
      return;
    }
    this.#port = message.port;
    this.#onListening(message.port);
    if (this.#peers !== undefined) this.#send({ kind: "peers", ports: this.#peers });
  }

  #restartLater(reason: string, ranMs: number): void {
    if (ranMs > STEADY_MS) this.#restartMs = FIRST_RESTART_MS;
    this.#print(this.part.name, `ended (${reason}); starting it again in ${this.#restartMs} ms`);
    this.#restart = setTimeout(() => this.#start(), this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, LAST_RESTART_MS);
  }

  #send(message: SupervisorMessage): void {
    // A process that is just leaving has closed its channel; its exit event says the rest.
    if (this.#process?.connected === true) this.#process.send(message, () => {});
  }
}
