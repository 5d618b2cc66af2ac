// Real brokers for tests: each is started on ports and in a folder of its own. Where one is missing the test says
// so and is skipped; .ci/run installs Debian's packages, and fetches those in Java, where it can.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const LOCAL = "127.0.0.1";
const PAUSE_MS = 50;

/** A running broker. */
export interface Broker {
  readonly port: number;
  stop(): Promise<void>;
}

interface Recipe {
  readonly binary: string;
  /** A folder that it needs, too. */
  readonly jars?: string;
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
export type BrokerName = "elasticmq" | "kafka" | "mosquitto" | "nats" | "rabbitmq" | "redis";

const JAVA = "/usr/bin/java";
const root = dirname(dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url))))));

/** Where .ci/run keeps the archives of a broker in Java. */
function jarsOf(name: string): string {
  return join(root, "node_modules/.cache/clew-ci", name);
}

/** What starts `main` from these archives: soon, and in little memory. */
function java(jars: string, main: string, ...args: readonly string[]): string[] {
  const tuning = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
  return [...tuning, "-cp", `${jars}/*`, main, ...args];
}

const KAFKA: Recipe = {
  binary: JAVA,
  jars: jarsOf("kafka"),
  prepare: (folder, port, [controller = 0]) => ({
    args: java(jarsOf("kafka"), "kafka.Kafka", join(folder, "server.properties")),
    files: {
      // What formatting the storage would write.
      "data/meta.properties": `version=1\nnode.id=1\ncluster.id=AAAAAAAAAAAAAAAAAAAAAQ\n`,
      "server.properties": [
        "process.roles=broker,controller",
        "node.id=1",
        `controller.quorum.voters=1@${LOCAL}:${controller}`,
        `listeners=PLAINTEXT://${LOCAL}:${port},CONTROLLER://${LOCAL}:${controller}`,
        "controller.listener.names=CONTROLLER",
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        `log.dirs=${join(folder, "data")}`,
        ...["offsets.topic", "transaction.state.log"].flatMap((topic) => [
          `${topic}.num.partitions=1`,
          `${topic}.replication.factor=1`,
        ]),
        "transaction.state.log.min.isr=1",
        "group.initial.rebalance.delay.ms=0",
      ].join("\n"),
    },
  }),
};

/** Speaks SQS. */
const ELASTICMQ: Recipe = {
  binary: JAVA,
  jars: jarsOf("elasticmq"),
  prepare: (folder, port) => ({
    args: [
      `-Dconfig.file=${join(folder, "elasticmq.conf")}`,
      ...java(jarsOf("elasticmq"), "org.elasticmq.server.Main"),
    ],
    files: {
      "elasticmq.conf": `include classpath("application.conf")
        node-address { protocol = http, host = "${LOCAL}", port = ${port}, context-path = "" }
        rest-sqs { enabled = true, bind-port = ${port}, bind-hostname = "${LOCAL}", sqs-limits = strict }
        rest-stats { enabled = false }`,
    },
  }),
};

const RECIPES: Readonly<Record<BrokerName, Recipe>> = {
  kafka: KAFKA,
  elasticmq: ELASTICMQ,
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

/** Whether a broker is on this machine. */
export function hasBroker(name: BrokerName): boolean {
  const { binary, jars } = RECIPES[name];
  return existsSync(binary) && (jars === undefined || existsSync(jars));
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
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
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
