// Rates from a backend, over real HTTP: how they are asked for, and that nothing a backend does takes the last good
// ones away.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readSettings } from "../config/settings.ts";
import type { Sampler } from "../sample/sampler.ts";
import { remoteSampler } from "./remote-sampling.ts";

const HALF = JSON.stringify({ probabilisticSampling: { samplingRate: 0.5 } });

let answer: (response: ServerResponse) => void;
let requests: IncomingMessage[];
let complaints: string[];
let sampler: Sampler;
const server = createServer((request, response) => {
  requests.push(request);
  answer(response);
});

beforeEach(async () => {
  requests = [];
  complaints = [];
  answer = (response) => response.end(HALF);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  sampler.stop?.();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function url(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function start(argument = "pollingIntervalMs=100"): void {
  const env = {
    OTEL_SERVICE_NAME: "a/b & \u00e9",
    OTEL_EXPORTER_OTLP_ENDPOINT: url(),
    OTEL_EXPORTER_OTLP_HEADERS: "x-scope-orgid=team-a",
    OTEL_TRACES_SAMPLER_ARG: argument,
  };
  sampler = remoteSampler(readSettings({}, env), (text) => complaints.push(text));
}

async function untilSays(text: string): Promise<void> {
  await vi.waitFor(() => expect(String(sampler)).toContain(text), { timeout: 10_000 });
}

/** Waits until `times` more requests were made. */
async function untilAsked(times: number): Promise<void> {
  const wanted = requests.length + times;
  await vi.waitFor(() => expect(requests.length).toBeGreaterThanOrEqual(wanted), {
    timeout: 10_000,
  });
}

test("are asked for where spans are sent to, by the service's name, with the same headers", async () => {
  start();
  expect(String(sampler)).toContain(`no answer from ${url()}/sampling or `);
  await untilSays(`from ${url()}/sampling: probability(0.5)`);
  expect(requests[0]?.url).toBe("/sampling?service=a%2Fb%20%26%20%C3%A9");
  expect(requests[0]?.headers["x-scope-orgid"]).toBe("team-a");
  expect(complaints).toEqual([]);
});

test("are asked of one place alone where that is given, and the initial rate holds until it answers", async () => {
  answer = (response) => response.writeHead(404).end("nothing here");
  start(`endpoint=${url()}/rates,pollingIntervalMs=100,initialSamplingRate=0.25`);
  await untilAsked(3);
  expect(new Set(requests.map((request) => request.url?.split("?")[0]))).toEqual(
    new Set(["/rates"]),
  );
  expect(String(sampler)).toContain("probability(0.25)");
  expect(complaints[0]).toContain(`the initial rate counts: ${url()}/rates: status 404`);
  answer = (response) => response.end(HALF);
  await untilSays("probability(0.5)");
});

test.each<[string, (response: ServerResponse) => void]>([
  ["an error", (response) => response.writeHead(500).end(HALF.replace("0.5", "0.1"))],
  ["no JSON", (response) => response.end("<html>")],
  ["another JSON", (response) => response.end('{"strategyType":"PROBABILISTIC"}')],
  ["a share that is none", (response) => response.end(HALF.replace("0.5", "7"))],
  [
    "half an answer",
    (response) =>
      response.writeHead(200, { "content-length": 99 }).write(HALF, () => response.destroy()),
  ],
  ["a hung-up connection", (response) => response.destroy()],
  ["an endless answer", (response) => response.end(" ".repeat(9 * 1024 * 1024))],
])("stay as they were when the backend answers with %s", async (_, wrong) => {
  start(`endpoint=${url()}/sampling,pollingIntervalMs=100`);
  await untilSays("probability(0.5)");
  answer = wrong;
  await untilAsked(2);
  await vi.waitFor(() => expect(complaints[0]).toContain("the last ones count"));
  expect(String(sampler)).toContain("probability(0.5)");
  answer = (response) => response.end(HALF.replace("0.5", "0.75"));
  await untilSays("probability(0.75)");
});
