// The end of the process, in all its forms, with the backend there and away.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OtlpSink } from "../testing/otlp-sink.ts";
import {
  makePlace,
  nodes,
  type Place,
  removePlace,
  runProgram,
  startProgram,
} from "../testing/program.ts";

const CLOSED = "http://127.0.0.1:1";

let sink: OtlpSink;
let place: Place;

beforeEach(async () => {
  sink = await OtlpSink.start();
  place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "ending" });
});

afterEach(async () => {
  removePlace(place);
  await sink.stop();
});

const SPAN = `const { span, startSpan } = require("%sdk%"); span("last work", () => {});`;

const endings = {
  "normal end": { tail: "", code: 0, signal: null },
  "process.exit": { tail: "process.exit(7)", code: 7, signal: null },
  "uncaught error": { tail: 'throw new Error("boom")', code: 1, signal: null },
  "unhandled rejection": { tail: 'Promise.reject(new Error("boom"))', code: 1, signal: null },
  SIGINT: {
    tail: 'process.kill(process.pid, "SIGINT"); setInterval(() => {}, 1000)',
    code: null,
    signal: "SIGINT",
  },
  SIGTERM: {
    tail: 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)',
    code: null,
    signal: "SIGTERM",
  },
} as const;

/** Spans that arrived, or that a next start sends from the disk. */
async function keptSpans(): Promise<readonly string[]> {
  if (!sink.spans.some(({ name }) => name === "last work")) {
    await runProgram(
      place,
      "cjs",
      `const { running, span } = require("%sdk%"); span("next start", () => {});
       const wait = setInterval(() => {}, 1000);
       running().flush().then(() => setTimeout(() => clearInterval(wait), 300));`,
    );
  }
  return sink.spans.map(({ name }) => name);
}

describe.each(nodes)("on %s", (node) => {
  test.each(Object.entries(endings))("no span is lost at %s", async (_, { tail, code, signal }) => {
    const ending = await runProgram(place, "cjs", `${SPAN}\n${tail}`, node);
    expect({ code: ending.code, signal: ending.signal }).toEqual({ code, signal });
    expect(await keptSpans()).toContain("last work");
    expect(sink.spans.filter(({ name }) => name === "last work")).toHaveLength(1);
  });

  test.each(Object.entries(endings))(
    "with the backend down nothing is lost at %s, and the exit is not delayed",
    async (_, { tail, code, signal }) => {
      const env = { ...place.env, OTEL_EXPORTER_OTLP_ENDPOINT: CLOSED };
      const ending = await runProgram({ ...place, env }, "cjs", `${SPAN}\n${tail}`, node);
      expect({ code: ending.code, signal: ending.signal }).toEqual({ code, signal });
      const folders = readdirSync(join(place.folder, "spill"));
      expect(readdirSync(join(place.folder, "spill", folders[0] as string))).toHaveLength(1);
      expect(ending.ms).toBeLessThan(3000);
    },
  );
});

test.each(Object.entries(endings))(
  "over http/json and without a disk no span is lost at %s",
  async (_, { tail, code, signal }) => {
    place.env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/json";
    place.env["CLEW_SDK_SPILL"] = "off";
    const ending = await runProgram(place, "cjs", `${SPAN}\n${tail}`);
    expect({ code: ending.code, signal: ending.signal }).toEqual({ code, signal });
    expect(sink.spans.map(({ name }) => name)).toEqual(["last work"]);
    expect(sink.requests[0]?.headers["content-type"]).toBe("application/json");
  },
);

test("a backend that never answers delays the exit by no more than half a second", async () => {
  sink.answer = () => {};
  const bare = await runProgram(place, "cjs", "");
  const ending = await runProgram(
    place,
    "cjs",
    `${SPAN} const t = Date.now();
    process.on("exit", () => console.log(Date.now() - t));`,
  );
  // Less than the two seconds for a backend that answers slowly, on a busy machine too.
  expect(Number(ending.stdout)).toBeLessThan(1900);
  expect(Number(ending.stdout)).toBeGreaterThan(400);
  expect(bare.code).toBe(0);
});

test("a span that was open at a crash is sent as unfinished, with the error", async () => {
  await runProgram(
    place,
    "cjs",
    `const { span } = require("%sdk%");
     span("request", async () => { await null; span("inner", () => {}); setImmediate(() => { throw new Error("boom") }); await new Promise(() => {}); });`,
  );
  await keptSpansOf("request");
  const open = await sink.span("request");
  expect(open.attributes["clew.span.unfinished"]).toBe(true);
  expect(open.status).toMatchObject({ code: 2, message: "boom" });
});

test("what was open at kill -9 is told by the next start", async () => {
  const { child, ended } = startProgram(
    place,
    "cjs",
    `const { readdirSync } = require("node:fs"); const { span } = require("%sdk%");
     span("request", { "order.id": 7 }, () => new Promise(() => {}));
     const files = () => { try { return readdirSync(process.env.CLEW_SDK_SPILL, { recursive: true }); } catch { return []; } };
     setInterval(() => { if (files().some((name) => name.endsWith(".otlp"))) console.log("written"); }, 20);`,
  );
  child.stdout?.once("data", () => child.kill("SIGKILL"));
  expect(await ended).toMatchObject({ signal: "SIGKILL" });
  await keptSpans();
  const open = await sink.span("request");
  expect(open.attributes).toEqual({ "order.id": 7, "clew.span.unfinished": true });
});

test("what waits for a backend that is away for long outlives kill -9", async () => {
  const { url } = sink;
  const port = Number(new URL(url).port);
  await sink.stop();
  const { child, ended } = startProgram(
    place,
    "cjs",
    `const { running, span } = require("%sdk%"); span("last work", () => {});
     setInterval(() => { if (running().statistics().spilled > 0) console.log("written"); }, 20);`,
  );
  child.stdout?.once("data", () => child.kill("SIGKILL"));
  expect(await ended).toMatchObject({ signal: "SIGKILL" });
  sink = await OtlpSink.start(port);
  expect(sink.url).toBe(url);
  expect(await keptSpans()).toContain("last work");
});

test.each(["process.exit(0)", 'throw new Error("boom")'])(
  "with the backend there, the last spans arrive before %s is over",
  async (tail) => {
    const { ms } = await runProgram(place, "cjs", `${SPAN} ${tail}`);
    expect(sink.spans.map(({ name }) => name)).toEqual(["last work"]);
    expect(ms).toBeLessThan(3000);
    const folder = join(place.folder, "spill");
    expect(readdirSync(folder).flatMap((name) => readdirSync(join(folder, name)))).toEqual([]);
  },
);

test("threads send their own spans", async () => {
  const { code } = await runProgram(
    place,
    "cjs",
    `const { isMainThread, Worker } = require("node:worker_threads"); const { span } = require("%sdk%");
     span(isMainThread ? "in main" : "in worker", () => {});
     if (isMainThread) new Worker(__filename);`,
  );
  expect(code).toBe(0);
  expect(sink.spans.map(({ name }) => name).sort()).toEqual(["in main", "in worker"]);
});

const THREADS = {
  "terminate()": "setInterval(() => {}, 1000);",
  "process.exit()": "setTimeout(() => process.exit(), 20);",
  "an error": 'setTimeout(() => { throw new Error("boom"); }, 20);',
} as const;

test.each(Object.entries(THREADS))(
  "what a thread has not sent when it ends by %s is sent by the main thread, without a disk",
  async (how, tail) => {
    place.env["CLEW_SDK_SPILL"] = "off";
    const { code } = await runProgram(
      place,
      "cjs",
      `const { isMainThread, parentPort, Worker } = require("node:worker_threads"); const { span, startSpan } = require("%sdk%");
     if (!isMainThread) { span("in worker", () => {}); startSpan("was open"); parentPort.postMessage("made"); ${tail} }
     else {
       const worker = new Worker(__filename);
       worker.on("error", () => {});
       worker.once("message", () => { if (${JSON.stringify(how)}.startsWith("terminate")) void worker.terminate(); });
       worker.on("exit", () => process.exit(3));
     }`,
    );
    expect(code).toBe(3);
    // What was on its way when the process ended is sent once more.
    expect(new Set(sink.spans.map(({ name }) => name))).toEqual(new Set(["in worker", "was open"]));
  },
);

test("a thread that does not come back to its loop is terminated nevertheless", async () => {
  const { code, ms } = await runProgram(
    place,
    "cjs",
    `const { isMainThread, parentPort, Worker } = require("node:worker_threads");
     if (!isMainThread) { parentPort.postMessage("busy"); for (;;); }
     else { const worker = new Worker(__filename); worker.once("message", () => worker.terminate()); }`,
  );
  expect(code).toBe(0);
  expect(ms).toBeLessThan(5000);
});

test("workers of a cluster keep their spans, whatever ends them", async () => {
  const { code } = await runProgram(
    place,
    "cjs",
    `const cluster = require("node:cluster"); const { span } = require("%sdk%");
     const endings = ["exit", "SIGTERM", "disconnect"];
     if (cluster.isPrimary) {
       let left = endings.length;
       cluster.on("exit", () => { if (--left === 0) span("primary", () => {}); });
       for (const ending of endings) {
         const worker = cluster.fork({ ENDING: ending });
         worker.on("message", () => {
           if (ending === "disconnect") worker.disconnect();
           else if (ending === "SIGTERM") worker.process.kill(ending);
         });
       }
     } else {
       span("by " + process.env.ENDING, () => {});
       process.send("ready", () => { if (process.env.ENDING === "exit") process.exit(0); });
     }`,
  );
  expect(code).toBe(0);
  await keptSpans();
  const names = sink.spans.map(({ name }) => name).filter((name) => name !== "next start");
  expect(names.toSorted((a, b) => a.localeCompare(b))).toEqual([
    "by disconnect",
    "by exit",
    "by SIGTERM",
    "primary",
  ]);
});

test("what lay on the disk is sent once, however short the processes are that send it", async () => {
  await runProgram(place, "cjs", `${SPAN} process.exit(0)`);
  for (let i = 0; i < 4; i++) {
    await runProgram(
      place,
      "cjs",
      `const { flush, span } = require("%sdk%"); span("short", () => {}); void flush();`,
    );
  }
  expect(sink.spans.filter(({ name }) => name === "last work")).toHaveLength(1);
});

test("spans that are open for long and end well are told once", async () => {
  await runProgram(
    place,
    "cjs",
    `const { span } = require("%sdk%"); span("request", () => new Promise((resolve) => setTimeout(resolve, 2500)));`,
  );
  await keptSpans();
  expect(sink.spans.filter(({ name }) => name === "request")).toHaveLength(1);
});

async function keptSpansOf(name: string): Promise<void> {
  if (!sink.spans.some((span) => span.name === name)) await keptSpans();
}

test("an application's own signal handler decides alone, and its exit code stands", async () => {
  const { child, ended } = startProgram(
    place,
    "cjs",
    `${SPAN} process.on("SIGTERM", () => setTimeout(() => process.exit(42), 50));
     setInterval(() => {}, 1000); console.log("ready");`,
  );
  child.stdout?.once("data", () => child.kill("SIGTERM"));
  expect(await ended).toMatchObject({ code: 42, signal: null });
});

test("nobody sees our listeners, and a handler that re-raises ends the process", async () => {
  const { child, ended } = startProgram(
    place,
    "cjs",
    `${SPAN}
     // What the package signal-exit does: when nobody else listens, the signal is sent again.
     const mine = () => {
       if (process.listeners("SIGTERM").length !== 1 || process.listenerCount("SIGTERM") !== 1) return;
       process.off("SIGTERM", mine);
       process.kill(process.pid, "SIGTERM");
     };
     process.on("SIGTERM", mine);
     setInterval(() => {}, 1000); console.log("ready");`,
  );
  child.stdout?.once("data", () => child.kill("SIGTERM"));
  expect(await ended).toMatchObject({ code: null, signal: "SIGTERM" });
  expect(await keptSpans()).toContain("last work");
});

test("a handler for one signal, in front of ours, decides alone", async () => {
  const { code, stdout } = await runProgram(
    place,
    "cjs",
    `${SPAN} process.prependOnceListener("SIGTERM", () => setTimeout(() => { console.log("done"); process.exit(0); }, 50));
     process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);`,
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: "done\n" });
});

test("spans of the application's own exit listeners are kept", async () => {
  await runProgram(
    place,
    "cjs",
    `const { span } = require("%sdk%"); process.on("exit", () => span("last work", () => {}));`,
  );
  expect(await keptSpans()).toContain("last work");
});
