// The process from outside: a real child process with an empty store. Ports 5410 to 5419.

import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ServerProcess, serverProcess } from "./testing/server-process.ts";

let folder: string;
const running: ServerProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clew-serve-"));
});
afterEach(async () => {
  for (const server of running.splice(0)) {
    server.child.kill("SIGKILL");
    await server.ended();
  }
  rmSync(folder, { recursive: true });
});

function start(port: number, env: Record<string, string> = {}): ServerProcess {
  const settings = { CLEW_DATA_DIR: folder, CLEW_PORT: String(port), ...env };
  const server = serverProcess("testing/serve-small.ts", folder, settings);
  running.push(server);
  return server;
}

async function get(port: number, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: await response.text() };
}

describe("a started server", () => {
  test("says where to send, where to look and where the data is, and answers when it has said so", async () => {
    const server = start(5410);
    await server.says("Clew is ready");
    await server.says("Ctrl-C stops");
    expect(server.output()).toMatch(/^\n {2}Clew is ready/);
    expect(server.output()).toContain("OTLP/gRPC  off");
    expect(server.output()).toContain("OTLP/HTTP  http://localhost:4318");
    expect(server.output()).toContain("look   http://localhost:5410");
    expect(server.output()).toContain(`data   ${folder}`);
    const health = await get(5410, "/api/v1/health");
    expect(health.status).toBe(200);
    expect(JSON.parse(health.text)).toMatchObject({ status: "ok" });
  });

  test("logs the address of every listener when asked for details", async () => {
    const server = start(5410, { CLEW_LOG_LEVEL: "debug" });
    await server.says("UI and APIs at http://127.0.0.1:5410");
  });

  test("shows the metrics of the process, of its parts and of its requests", async () => {
    const server = start(5410);
    await server.says("Clew is ready");
    await get(5410, "/api/v1/services");
    const { text } = await get(5410, "/metrics");
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    expect(text).toContain("clew_small_total 7\n");
    expect(text).toContain(
      'clew_http_request_duration_seconds_count{method="GET",route="/api/v1/services",status="200"} 1\n',
    );
  });

  test("keeps the text of its own bugs out of answers and puts it into the log", async () => {
    const server = start(5410);
    await server.says("Clew is ready");
    const { status, text } = await get(5410, "/api/v1/red");
    expect(status).toBe(500);
    expect(JSON.parse(text)).toEqual({
      error: {
        code: "internal",
        message: "something went wrong inside Clew",
        hint: "the server's log has the cause",
      },
    });
    await server.says("secret path /var/clew");
  });

  test("has a thread pool of 24 although nothing in its environment asks for one", async () => {
    const server = start(5410);
    await server.says("Clew is ready");
    await get(5410, "/some/page");
    const tasks = `/proc/${server.child.pid}/task`;
    const names = readdirSync(tasks).map((task) =>
      readFileSync(`${tasks}/${task}/comm`, "utf8").trim(),
    );
    expect(names.filter((name) => name === "libuv-worker").length).toBe(24);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "stops its receivers, closes its store and ends with 0 on %s",
    async (signal) => {
      const server = start(5410);
      await server.says("Ctrl-C stops");
      server.child.kill(signal);
      expect(await server.ended()).toBe(0);
      expect(server.output()).toMatch(/receivers stopped\n[^]*store closed\n/);
      expect(existsSync(join(folder, "clew.lock"))).toBe(false);
    },
  );

  test("stops in good order although nobody reads what it says any more", async () => {
    const server = start(5410);
    await server.says("Ctrl-C stops");
    server.child.stdout?.destroy();
    server.child.kill("SIGHUP");
    expect(await server.ended()).toBe(0);
    expect(existsSync(join(folder, "clew.lock"))).toBe(false);
  });

  test("takes a signal that comes twice for one, and ends at once with 130 on a later one", async () => {
    const server = start(5410, { SMALL_SLOW_STOP: "1" });
    await server.says("Ctrl-C stops");
    const startMs = performance.now();
    // Its closing never ends by itself; signals a second after the first do end it.
    const repeat = setInterval(() => server.child.kill("SIGTERM"), 50);
    expect(await server.ended()).toBe(130);
    clearInterval(repeat);
    expect(performance.now() - startMs).toBeGreaterThan(1000);
    expect(server.output()).toContain("store closed");
  });

  test("logs an error that nothing caught and ends with 1", async () => {
    const server = start(5410, { SMALL_CRASH: "1" });
    expect(await server.ended()).toBe(1);
    const fatal =
      server
        .output()
        .split("\n")
        .find((line) => line.startsWith('{"level":60')) ?? "{}";
    expect(JSON.parse(fatal)).toMatchObject({
      level: 60,
      err: { message: "nobody expected this" },
    });
  });
});

async function failure(server: ServerProcess): Promise<string> {
  expect(await server.ended()).toBe(1);
  expect(server.output()).not.toMatch(/^ +at /m);
  return server.output();
}

describe("a server that cannot start says why in a line and a hint, and ends with 1:", () => {
  test("the port is taken", async () => {
    const taken = createServer().listen(5411, "127.0.0.1");
    await once(taken, "listening");
    const text = await failure(start(5411));
    taken.close();
    expect(text).toBe(
      "clew: cannot listen on 127.0.0.1:5411 (port): the port is in use by another program\n" +
        "  stop what uses it or set port (CLEW_PORT) to something else; 0 turns the listener off\n",
    );
    expect(existsSync(join(folder, "clew.lock"))).toBe(false);
  });

  test("the address is not this machine's", async () => {
    const text = await failure(start(5411, { CLEW_HOST: "192.0.2.1" }));
    expect(text).toContain("this machine does not have that address");
    expect(text).toContain("set host (CLEW_HOST)");
  });

  test("another Clew uses the data folder", async () => {
    const first = start(5412);
    await first.says("Clew is ready");
    const text = await failure(start(5413));
    expect(text).toContain(
      `the data folder ${folder} is in use by another Clew (process ${first.child.pid})`,
    );
    expect(text).toContain("stop that one, or set dataDir (CLEW_DATA_DIR)");
  });

  test("the data folder is a file", async () => {
    writeFileSync(join(folder, "file"), "");
    const text = await failure(start(5411, { CLEW_DATA_DIR: "file" }));
    expect(text).toContain(
      `cannot use the data folder ${join(folder, "file")}: it is a file, not a folder`,
    );
    expect(text).toContain("set dataDir (CLEW_DATA_DIR) to a folder that Clew may write to");
  });

  test("a setting is unknown", async () => {
    const text = await failure(start(5411, { CLEW_RETENTION: "3" }));
    expect(text).toContain("clew: unknown environment variable CLEW_RETENTION");
  });
});

test("a folder whose Clew was killed is taken over at once", async () => {
  const first = start(5414);
  await first.says("Clew is ready");
  first.child.kill("SIGKILL");
  await first.ended();
  expect(existsSync(join(folder, "clew.lock"))).toBe(true);
  const second = start(5414);
  await second.says("Clew is ready");
  expect(JSON.parse(readFileSync(join(folder, "clew.lock"), "utf8"))).toMatchObject({
    pid: second.child.pid,
  });
});

test("--print-config prints the settings and starts nothing", async () => {
  const server = serverProcess("main.ts", folder, { CLEW_PORT: "5415", CLEW_DATA_DIR: folder }, [
    "--print-config",
  ]);
  expect(await server.ended()).toBe(0);
  expect(server.output()).toMatch(/^port +5415 +CLEW_PORT$/m);
  expect(existsSync(join(folder, "clew.lock"))).toBe(false);
});

test("a wrong argument is answered with the usage", async () => {
  const server = serverProcess("main.ts", folder, {}, ["--prot", "1"]);
  expect(await server.ended()).toBe(1);
  expect(server.output()).toContain("usage: main.ts");
});
