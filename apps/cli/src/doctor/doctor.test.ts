// `clew doctor` on real programs in processes of their own, and real endpoints of the right and of wrong kinds.

import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Finding, Section } from "./finding.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const SDK = dirname(dirname(fileURLToPath(import.meta.resolve("@clew/sdk"))));

let folder: string;
const stops: (() => void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clew-doctor-test-"));
  installSdk("node_modules/@clew/sdk");
  write("node_modules/koa/package.json", { name: "koa", version: "3.0.0", main: "index.js" });
  write("node_modules/koa/index.js", "module.exports = class Koa {};");
  write("package.json", { name: "bakery", dependencies: { koa: "3.0.0", memcached: "2.0.0" } });
});

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  rmSync(folder, { recursive: true, force: true });
});

/** As npm does it; a link would lead out of node_modules. */
function installSdk(place: string): void {
  for (const part of ["package.json", "dist"]) {
    cpSync(join(SDK, part), join(folder, place, part), { recursive: true });
  }
}

function write(name: string, content: unknown): void {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const receiver: RequestListener = (request, response) => {
  request.resume().on("end", () => {
    response.setHeader("content-type", "application/x-protobuf");
    response.end();
  });
};

const NOBODY = "http://127.0.0.1:9";

interface Diagnosis {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], endpoint: string, more: Record<string, string> = {}) {
  // What npm says about how these tests were started is nothing to the programs in them.
  const { NODE_OPTIONS: _, INIT_CWD: __, ...inherited } = process.env;
  const env = {
    ...inherited,
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    CLEW_SDK_SPILL: "off",
    CLEW_URL: NOBODY,
    ...more,
  };
  const child = spawn(process.execPath, [MAIN, "doctor", ...args], { cwd: folder, env });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise<Diagnosis>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** All findings about a program, or about the environment. */
async function findings(
  command: readonly string[],
  endpoint: string,
  more?: Record<string, string>,
): Promise<{ code: number | null; found: readonly Finding[]; sections: readonly Section[] }> {
  const args = command.length === 0 ? ["--json"] : ["--json", "--", process.execPath, ...command];
  const { code, stdout } = await run(args, endpoint, more);
  const { sections } = JSON.parse(stdout) as { sections: Section[] };
  return { code, found: sections.flatMap((section) => section.findings), sections };
}

const CALL = `
  const server = http.createServer((request, response) => response.end("bread")).listen(0, "127.0.0.1", async () => {
    const url = "http://127.0.0.1:" + server.address().port;
    await (await fetch(url)).text();
    server.close();
    server.closeAllConnections();
  });`;
const GOOD = `import http from "node:http"; import "node:http2"; console.log("open"); ${CALL}`;
const PREFLIGHT = ["--import", "@clew/sdk/register"];

describe("programs", () => {
  it("tells calls that lost their request from those of jobs", async () => {
    const queue = `
      const waiting = [];
      setInterval(() => { for (const job of waiting.splice(0)) job(); }, 5).unref();
      const later = (job) => new Promise((resolve) => waiting.push(() => resolve(job())));`;
    const ask = `(await fetch(url + "/deep")).text()`;
    const answer = `async (request, response) => {
      if (request.url !== "/deep") await later(async () => ${ask});
      response.end("bread");
    }`;
    const app = `import http from "node:http"; let url; ${queue}
      const server = http.createServer(${answer}).listen(0, "127.0.0.1", async () => {
        url = "http://127.0.0.1:" + server.address().port;
        await ${ask};
        if (process.env.WHOLE) { await (await fetch(url)).text(); await (await fetch(url)).text(); }
        server.close();
        server.closeAllConnections();
      });`;
    write("app.mjs", app);
    const said = async (env: Record<string, string>) => {
      const { found } = await findings([...PREFLIGHT, "app.mjs"], await serve(receiver), env);
      return found.filter(({ kind }) => kind === "lost_context" || kind === "rootless_calls");
    };
    expect(await said({})).toEqual([
      expect.objectContaining({
        kind: "rootless_calls",
        message:
          "1 of 1 calls to others began a trace of their own, none while a request was served",
      }),
    ]);
    expect(await said({ WHOLE: "1" })).toEqual([
      expect.objectContaining({
        kind: "lost_context",
        message: expect.stringMatching(
          /and 2 began while .* \(@clew\/sdk\/undici: 2\)$/,
        ) as unknown,
      }),
    ]);
  }, 20_000);

  it("says of a good one what was hooked, made and sent, and where each setting came from", async () => {
    write("app.mjs", GOOD);
    const { code, found, sections } = await findings(
      [...PREFLIGHT, "app.mjs"],
      await serve(receiver),
    );
    expect(found.filter(({ level }) => level === "problem")).toEqual([]);
    expect(code).toBe(0);
    const text = found.map(({ message }) => message);
    expect(text).toContainEqual(
      expect.stringMatching(/^2 spans made, 2 sent .*1 server.*1 client/),
    );
    expect(text).toContainEqual(expect.stringMatching(/^@clew\/sdk \d+\.\d+\.\d+$/));
    expect(text).toContainEqual(expect.stringContaining("hooked: http2"));
    expect(text).toContainEqual(expect.stringContaining("memcached is installed"));
    const origins = sections.flatMap(({ settings = [] }) => settings);
    expect(origins.find(({ name }) => name === "endpoint")?.from).toBe(
      "OTEL_EXPORTER_OTLP_ENDPOINT",
    );
    expect(origins.find(({ name }) => name === "service")).toMatchObject({
      value: "bakery",
      from: "default",
    });
  });

  it("passes on what the program prints, and tells people what to do", async () => {
    write("app.mjs", GOOD);
    const command = ["--", process.execPath, "app.mjs"];
    const { code, stdout } = await run(command, await serve(receiver));
    expect(stdout).toContain("open\n");
    expect(stdout).toContain("PROBLEM the tracer did not start in this process");
    expect(stdout).toContain(
      "-> start it before everything else: node --import @clew/sdk/register",
    );
    expect(code).toBe(1);
  });

  it("ends a service after the given time", async () => {
    write("app.mjs", `setInterval(() => {}, 1000);`);
    const command = ["--for", "1s", "--", process.execPath, ...PREFLIGHT, "app.mjs"];
    const { code, stdout } = await run(command, await serve(receiver));
    expect(stdout).toContain("no span was made");
    expect(code).toBe(0);
  });

  it.each([
    ["CommonJS", "app.cjs", `require("koa"); require("@clew/sdk").start();`],
    ["ES modules", "app.mjs", `import { start } from "@clew/sdk"; import "koa"; start();`],
  ])("finds a library that was loaded before the tracer (%s)", async (_, name, source) => {
    write(name, source);
    const { code, found } = await findings([name], await serve(receiver));
    expect(found).toContainEqual(
      expect.objectContaining({ kind: "loaded_too_early", message: expect.stringMatching(/koa$/) }),
    );
    expect(code).toBe(1);
  });

  it("finds a second copy of the tracer", async () => {
    installSdk("node_modules/old/node_modules/@clew/sdk");
    write(
      "app.cjs",
      `require("./node_modules/old/node_modules/@clew/sdk/dist/index.cjs").start();`,
    );
    const { found } = await findings([...PREFLIGHT, "app.cjs"], await serve(receiver));
    expect(found).toContainEqual(
      expect.objectContaining({
        kind: "several_copies",
        message: expect.stringContaining(join("old", "node_modules")) as unknown,
      }),
    );
  });

  it("finds settings that cannot be meant", async () => {
    write("app.mjs", GOOD);
    const { found } = await findings([...PREFLIGHT, "app.mjs"], await serve(receiver), {
      OTEL_BSP_SCHEDULE_DELAY: "soon",
      OTEL_PROPAGATORS: "tracecontext,carrier-pigeon",
    });
    const problems = found.filter(({ level }) => level === "problem").map(({ message }) => message);
    expect(problems).toEqual([
      expect.stringContaining("OTEL_BSP_SCHEDULE_DELAY=soon"),
      "propagator carrier-pigeon is unknown",
    ]);
  });

  it("says that a command cannot be run, or runs no Node", async () => {
    const nothing = await run(["--", "/no/such/program"], NOBODY);
    expect(nothing.stderr).toContain("/no/such/program cannot be run");
    expect(nothing.code).toBe(2);
    const other = await run(["--", "true"], NOBODY);
    expect(other.stdout).toContain("it ran no Node process");
    expect(other.code).toBe(1);
  });
});

describe("endpoints", () => {
  async function problems(endpoint: string, more?: Record<string, string>) {
    const { found } = await findings([], endpoint, more);
    return found.filter(({ level, kind }) => level === "problem" && kind !== "backend_down");
  }

  it("nobody listens", async () => {
    expect(await problems(NOBODY)).toEqual([expect.objectContaining({ kind: "endpoint_down" })]);
  });

  it("a server of another kind", async () => {
    const url = await serve((_, response) => response.writeHead(404).end());
    expect(await problems(url)).toEqual([expect.objectContaining({ kind: "wrong_path" })]);
    const page = await serve((_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>");
    });
    expect(await problems(page)).toEqual([expect.objectContaining({ kind: "not_otlp" })]);
  });

  it("the gRPC port", async () => {
    const grpc = new GrpcServer();
    const port = await new Promise<number>((resolve, reject) => {
      grpc.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    stops.push(() => grpc.forceShutdown());
    expect(await problems(`http://127.0.0.1:${port}`)).toEqual([
      expect.objectContaining({
        kind: "grpc_port",
        hint: expect.stringContaining("4318") as unknown,
      }),
    ]);
  });

  it("TLS where there is none", async () => {
    const url = (await serve(receiver)).replace("http:", "https:");
    expect(await problems(url)).toEqual([expect.objectContaining({ kind: "tls" })]);
  });

  it("credentials, which the environment may give", async () => {
    const url = await serve((request, response) => {
      if (request.headers.authorization === "Bearer 1 2") receiver(request, response);
      else response.writeHead(401).end();
    });
    expect(await problems(url)).toEqual([expect.objectContaining({ kind: "not_allowed" })]);
    const headers = { OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%201%202" };
    expect(await problems(url, headers)).toEqual([]);
  });

  it("a clock that is wrong", async () => {
    const url = await serve((request, response) => {
      response.setHeader("date", new Date(Date.now() + 90_000).toUTCString());
      receiver(request, response);
    });
    const [clock] = await problems(url);
    expect(clock).toMatchObject({
      kind: "clock",
      message: expect.stringMatching(/9\d s behind/) as unknown,
    });
  });
});

it("tells which hosts' clocks disagree for certain, by the backend", async () => {
  const server = await serve((request, response) => {
    if (request.url?.startsWith("/api/v1/trace-health") !== true) {
      receiver(request, response);
      return;
    }
    const clock = { callerHost: "mill", calls: 9, offsetNano: 7e6 };
    const clocks = [
      { ...clock, calleeHost: "oven", certainCalls: 4, leastNano: 5e6 },
      { ...clock, calleeHost: "shop", certainCalls: 0, leastNano: 0 },
      { ...clock, calleeHost: "yard", offsetNano: 4e4, certainCalls: 9, leastNano: 3e4 },
    ];
    response.end(JSON.stringify({ clocks, propagation: [] }));
  });
  const { code, found } = await findings([], server, { CLEW_URL: server });
  expect(found.filter(({ level }) => level === "problem")).toEqual([
    expect.objectContaining({ message: expect.stringContaining("mill and oven") as unknown }),
  ]);
  expect(code).toBe(1);
});
