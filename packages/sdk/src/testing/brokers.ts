// Real brokers for tests: each is started on ports and in a folder of its own. Where a binary is missing the test says
// so and is skipped; .ci/run installs Debian's packages where it can.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LOCAL = "127.0.0.1";
const PAUSE_MS = 50;

/** A running broker. */
export interface Broker {
  readonly port: number;
  stop(): Promise<void>;
}

interface Recipe {
  readonly binary: string;
  /** Arguments, environment and files of an instance. */
  prepare(folder: string, port: number, more: readonly number[]): Prepared;
}
interface Prepared {
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string>;
  /** After the process has ended. */
  clean?(): void;
}

/** Names of brokers that can be started. */
export type BrokerName = "mosquitto" | "nats" | "rabbitmq" | "redis";

const RECIPES: Readonly<Record<BrokerName, Recipe>> = {
  redis: {
    binary: "/usr/bin/redis-server",
    prepare: (folder, port) => ({
      args: ["--port", `${port}`, "--bind", LOCAL, "--save", "", "--dir", folder],
    }),
  },
  nats: {
    binary: "/usr/sbin/nats-server",
    prepare: (folder, port) => ({
      args: ["-a", LOCAL, "-p", `${port}`, "-js", "-sd", folder],
    }),
  },
  mosquitto: {
    binary: "/usr/sbin/mosquitto",
    prepare: (folder, port) => ({
      args: ["-c", join(folder, "mosquitto.conf")],
      files: { "mosquitto.conf": `listener ${port} ${LOCAL}\nallow_anonymous true\nuser root\n` },
    }),
  },
  rabbitmq: {
    binary: "/usr/lib/rabbitmq/bin/rabbitmq-server",
    prepare: (folder, port, [epmd = 0, dist = 0]) => ({
      args: [],
      files: { "rabbitmq.conf": `log.console = false\nloopback_users = none\n` },
      env: {
        HOME: folder,
        ERL_EPMD_PORT: `${epmd}`,
        RABBITMQ_NODENAME: `clew${port}@localhost`,
        RABBITMQ_NODE_IP_ADDRESS: LOCAL,
        RABBITMQ_NODE_PORT: `${port}`,
        RABBITMQ_DIST_PORT: `${dist}`,
        RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
        RABBITMQ_LOG_BASE: join(folder, "log"),
        RABBITMQ_PID_FILE: join(folder, "pid"),
        RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq"),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "plugins"),
      },
      // Erlang's port mapper outlives the node that has started it.
      clean: () => void spawnSync("epmd", ["-port", `${epmd}`, "-kill"]),
    }),
  },
};

/** Whether a broker's binary is on this machine. */
export function hasBroker(name: BrokerName): boolean {
  return existsSync(RECIPES[name].binary);
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, LOCAL));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await new Promise((resolve) => server.once("listening", resolve));
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, LOCAL);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  throw new Error(`the broker ended with ${child.exitCode}`);
}

/** Starts a broker; resolves when it takes connections. */
export async function startBroker(name: BrokerName): Promise<Broker> {
  const recipe: Recipe = RECIPES[name];
  const folder = mkdtempSync(join(tmpdir(), `clew-${name}-`));
  const [port = 0, ...more] = await freePorts(3);
  const { args, env, files = {}, clean } = recipe.prepare(folder, port, more);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  const child = spawn(recipe.binary, args, {
    cwd: folder,
    env: { PATH: process.env["PATH"], ...env },
    stdio: "ignore",
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async (): Promise<void> => {
    // Shell scripts start some of them: the whole group ends.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
    await ended;
    clean?.();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    await listening(child, port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}
