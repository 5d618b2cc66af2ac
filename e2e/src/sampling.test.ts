// Rates of sampling from Clew to a service and back: a real server, and a real process with the tracer, which is told
// nothing but where its spans go. Each rate is seen in the share of requests that are kept, while the number of
// requests that were made stays right, for each kept one says how many it stands for.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { credentials, Client as GrpcClient } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort, ServerProcess } from "./server-process.ts";
import { until } from "./until.ts";

const DIST = new URL("../../packages/sdk/dist/", import.meta.url);
const REGISTER = fileURLToPath(new URL("register.mjs", DIST));
const INDEX = fileURLToPath(new URL("index.mjs", DIST));
const REQUESTS = 4000;

/** A service that says what its tracer has done: how many spans ended, and by which rates. */
const SERVICE = `
import { createServer } from "node:http";
import { running, setRoute } from ${JSON.stringify(INDEX)};
createServer((request, response) => {
  if (request.url === "/tracer") {
    const { sampler, statistics } = running().report();
    response.end(JSON.stringify({ sampler, ended: statistics.ended }));
    return;
  }
  setRoute(request, request.url.replace(/^.items.*/, "/items/:id"));
  response.end("ok");
}).listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening"));
`;

let server: ServerProcess;
let service: ChildProcess;
let folder: string;
let port: number;
let output = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "clew-e2e-sampling-"));
  const file = join(folder, "rates.yaml");
  await writeFile(file, "services:\n  filed: {probability: 0.25}\n");
  server = await ServerProcess.start({ CLEW_SAMPLING_FILE: file });
  port = await freePort();
  const program = join(folder, "service.mjs");
  await writeFile(program, SERVICE);
  service = spawn(process.execPath, ["--import", REGISTER, program], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      PORT: String(port),
      OTEL_SERVICE_NAME: "shelf",
      OTEL_EXPORTER_OTLP_ENDPOINT: server.otlpHttpUrl,
      OTEL_TRACES_SAMPLER: "remote",
      OTEL_TRACES_SAMPLER_ARG: "pollingIntervalMs=100",
      CLEW_SDK_SPILL: "off",
      CLEW_SDK_IGNORE_PATHS: "/tracer",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [service.stdout, service.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  await until("the service listens", 20_000, async () => {
    if (service.exitCode !== null) throw new Error(`the service ended:\n${output}`);
    return output.includes("listening");
  });
});

afterAll(async () => {
  service.kill("SIGKILL");
  if (service.exitCode === null && service.signalCode === null) await once(service, "exit");
  await server.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function api(path: string, method = "GET", body?: unknown): Promise<Record<string, unknown>> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const answer = await fetch(`${server.url}/api/v1${path}`, { method, headers, ...json });
  expect(answer.status, path).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

interface Tracer {
  readonly sampler: string;
  /** Spans that have ended since the start. */
  readonly ended: number;
}

async function tracer(): Promise<Tracer> {
  return (await (await fetch(`http://127.0.0.1:${port}/tracer`)).json()) as Tracer;
}

/** Sets a rate and waits until the service's tracer goes by it: its description ends with `text`. */
async function set(sampling: object, text: string): Promise<void> {
  await api("/sampling/shelf", "PUT", sampling);
  await until(`the tracer samples by ${text}`, 20_000, async () =>
    (await tracer()).sampler.endsWith(`from ${server.otlpHttpUrl}/sampling: ${text}))`),
  );
}

/** Makes requests to a path; resolves to how many of them were kept. */
async function request(path: string, times: number): Promise<number> {
  const { ended: before } = await tracer();
  let left = times;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return (await tracer()).ended - before;
}

/** Waits until Clew counts `expected` requests of an operation, going by adjusted counts. */
async function untilMade(operation: string, expected: number): Promise<void> {
  const range = { start: "now-1h", end: "now", kind: "server" };
  const query = new URLSearchParams({ ...range, service: "shelf", operation });
  await until(`${expected} requests of ${operation} are counted`, 30_000, async () => {
    const { count } = await api(`/red?${query.toString()}`);
    const made = (count as number[]).reduce((sum, one) => sum + one, 0);
    return Math.abs(made - expected) <= expected * 1e-4;
  });
}

/** Six standard deviations of a binomial count: a right share is taken for a wrong one once in 500 million runs. */
function margin(times: number, share: number): number {
  return 6 * Math.sqrt(times * share * (1 - share));
}

test("everything is kept while nothing is said", async () => {
  await until("the tracer has asked", 20_000, async () =>
    (await tracer()).sampler.includes("/sampling: always_on"),
  );
  expect(await request("/all", 200)).toBe(200);
  await untilMade("GET /all", 200);
});

test("a rate that is set holds, and what was made is still known", async () => {
  await set({ probability: 0.1 }, "probability(0.1)");
  const kept = await request("/tenth", REQUESTS);
  expect(Math.abs(kept - REQUESTS * 0.1)).toBeLessThan(margin(REQUESTS, 0.1));
  await untilMade("GET /tenth", kept * 10);
});

test("operations have rates of their own, by their routes", async () => {
  const operations = { "GET /items/:id": 0.25, "GET /health": 0 };
  await set({ probability: 1, operations }, "per_operation(2, always_on)");
  const kept = await request("/items/17", REQUESTS / 4);
  expect(Math.abs(kept - REQUESTS / 16)).toBeLessThan(margin(REQUESTS / 4, 0.25));
  expect(await request("/health", 100)).toBe(0);
  expect(await request("/other", 100)).toBe(100);
  await untilMade("GET /items/:id", kept * 4);
  await untilMade("GET /other", 100);
});

test("the rates outlive a crash of Clew, and the tracer keeps them meanwhile", async () => {
  const sampling = { probability: 0.5, operations: { "GET /health": 0 } };
  await set(sampling, "per_operation(1, probability(0.5))");
  await server.kill();
  expect(await request("/health", 50)).toBe(0);
  await server.launch();
  expect(await api("/sampling/shelf")).toMatchObject({ source: "api", sampling });
  expect(await api("/sampling/filed")).toMatchObject({ source: "file", probability: 0.25 });
});

describe("Jaeger's clients", () => {
  test.each(["/sampling", "/api/sampling"])("are answered at %s where spans go", async (path) => {
    const answer = await fetch(`${server.otlpHttpUrl}${path}?service=filed`);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toEqual({
      strategyType: "PROBABILISTIC",
      probabilisticSampling: { samplingRate: 0.25 },
    });
  });

  test("are answered over gRPC", async () => {
    const client = new GrpcClient(server.otlpGrpcUrl.slice(7), credentials.createInsecure());
    const name = Buffer.from("filed");
    const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
      client.makeUnaryRequest(
        "/jaeger.api_v2.SamplingManager/GetSamplingStrategy",
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.concat([Buffer.from([0x0a, name.length]), name]),
        (error, bytes) => (error === null ? resolve(bytes) : reject(error)),
      );
    });
    client.close();
    // probabilistic_sampling (2) { sampling_rate (1) = 0.25 }
    expect(answer).toEqual(Buffer.from("120909000000000000d03f", "hex"));
  });

  test.each([
    ["no service", ""],
    ["two services", "?service=a&service=b"],
  ])("are told what is wrong with %s", async (_, query) => {
    for (const url of [`${server.otlpHttpUrl}/sampling`, `${server.url}/api/sampling`]) {
      const answer = await fetch(url + query);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toBe("'service' parameter must be provided once\n");
    }
  });

  test.each([
    ["control characters", "\0\u{1b}[31m\n"],
    ["the name of a prototype", "__proto__"],
    ["eight thousand characters", "x".repeat(8000)],
    ["nothing", ""],
  ])("may ask for %s", async (_, name) => {
    const answer = await fetch(
      `${server.otlpHttpUrl}/sampling?service=${encodeURIComponent(name)}`,
    );
    expect(await answer.json()).toEqual({
      strategyType: "PROBABILISTIC",
      probabilisticSampling: { samplingRate: 1 },
    });
    expect((await fetch(`${server.url}/api/v1/sampling`)).status).toBe(200);
  });
});
