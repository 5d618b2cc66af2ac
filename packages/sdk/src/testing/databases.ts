// Real databases for tests: Debian's PostgreSQL and MariaDB, each on a port and in a folder of its own. Where a binary
// is missing the test says so and is skipped; .ci/run installs the packages where it can.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LOCAL = "127.0.0.1";
const PAUSE_MS = 50;

/** A running database. */
export interface RunningDatabase {
  readonly port: number;
  stop(): Promise<void>;
}

interface Commands {
  readonly prepare: readonly string[];
  serve(folder: string, port: number): readonly string[];
  /** The system's user to run as when the test runs as root, which databases refuse. */
  readonly user: string;
  readonly quit: NodeJS.Signals;
}

function postgresFolder(): string | undefined {
  const all = "/usr/lib/postgresql";
  const versions = existsSync(all) ? readdirSync(all) : [];
  return versions
    .map((version) => join(all, version, "bin"))
    .find((bin) => existsSync(join(bin, "postgres")));
}

function commandsOf(name: DatabaseName, folder: string): Commands | undefined {
  if (name === "mariadb") {
    if (!existsSync("/usr/sbin/mariadbd")) return undefined;
    const place = ["--no-defaults", `--datadir=${folder}/data`];
    return {
      user: "mysql",
      quit: "SIGTERM",
      prepare: [
        "/usr/bin/mariadb-install-db",
        ...place,
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
      ],
      serve: (_, port) => [
        "/usr/sbin/mariadbd",
        ...place,
        `--port=${port}`,
        `--bind-address=${LOCAL}`,
        `--socket=${folder}/socket`,
        "--skip-grant-tables",
        "--skip-networking=0",
      ],
    };
  }
  const bin = postgresFolder();
  if (bin === undefined) return undefined;
  return {
    user: "postgres",
    quit: "SIGQUIT",
    prepare: [
      join(bin, "initdb"),
      "-D",
      join(folder, "data"),
      "-A",
      "trust",
      "-U",
      "postgres",
      "--no-sync",
    ],
    serve: (_, port) => [
      join(bin, "postgres"),
      "-D",
      join(folder, "data"),
      "-p",
      `${port}`,
      "-h",
      LOCAL,
      "-k",
      folder,
      "-c",
      "fsync=off",
    ],
  };
}

/** Databases that can be started. */
export type DatabaseName = "postgresql" | "mariadb";

/** Whether a database's binary is on this machine. */
export function hasDatabase(name: DatabaseName): boolean {
  return commandsOf(name, "") !== undefined;
}

function idOf(user: string, what: "-u" | "-g"): number {
  return Number(spawnSync("id", [what, user], { encoding: "utf8" }).stdout);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, LOCAL);
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, LOCAL);
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`the database ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Starts a database; resolves when it takes connections. */
export async function startDatabase(name: DatabaseName): Promise<RunningDatabase> {
  const folder = mkdtempSync(join(tmpdir(), `clew-${name}-`));
  const commands = commandsOf(name, folder);
  if (commands === undefined) throw new Error(`${name} is not installed`);
  const isRoot = process.getuid?.() === 0;
  const uid = isRoot ? idOf(commands.user, "-u") : undefined;
  const gid = isRoot ? idOf(commands.user, "-g") : undefined;
  const as = uid === undefined || gid === undefined ? {} : { uid, gid };
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  const [prepare = "", ...prepareArgs] = commands.prepare;
  const prepared = spawnSync(prepare, prepareArgs, { ...as, cwd: folder, encoding: "utf8" });
  if (prepared.status !== 0) throw new Error(`${name}: ${prepared.stdout}${prepared.stderr}`);
  const port = await freePort();
  const [serve = "", ...args] = commands.serve(folder, port);
  const child = spawn(serve, args, { ...as, cwd: folder, stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill(commands.quit);
    await ended;
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
