// Context over the edge of a process or thread: children by fork, spawn, exec and execFile, children that are no Node,
// worker threads, and jobs of schedulers.

import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFiles } from "../testing/program.ts";
import { ProgramBench } from "../testing/program-bench.ts";

let bench: ProgramBench;
beforeEach(async () => {
  bench = await ProgramBench.start();
  const register = join(bench.place.folder, "node_modules/@clew/sdk/dist/register.mjs");
  writeFiles(bench.place, {
    "child.mjs": `import ${JSON.stringify(register)}; import { span } from "@clew/sdk";
      setTimeout(() => span("child " + process.argv[2], () => {}), 1);`,
    "worker.mjs": `import { workerData } from "node:worker_threads"; import { flush, span } from "@clew/sdk"; import { resume } from "@clew/sdk/messaging";
      await resume(workerData?.trace, () => span("worker " + workerData.name, async () => {})); await flush();`,
  });
});
afterEach(async () => await bench.stop());

test("children of all kinds go on in the span that has started them", async () => {
  const printed =
    await bench.run(`import { exec, execFile, fork, spawn } from "node:child_process"; import { once } from "node:events";
    import { span } from "%sdk%";
    const node = process.execPath;
    const ended = (child) => once(child, "close");
    await span("caller", async () => {
      await ended(fork("child.mjs", ["fork"], { execArgv: [] }));
      await ended(spawn(node, ["child.mjs", "spawn"], { env: { ...process.env, MINE: "1" } }));
      await ended(exec("node child.mjs exec"));
      await ended(execFile(node, ["child.mjs", "execFile"]));
      await ended(spawn(node, ["child.mjs", "chosen"], { env: { ...process.env, TRACEPARENT: "00-${"a".repeat(32)}-${"b".repeat(16)}-01" } }));
      for (const env of [undefined, { ...process.env, TRACEPARENT: "" }]) {
        const child = spawn("env", { env }); let text = ""; child.stdout.on("data", (part) => { text += part; });
        await ended(child); console.log(/^TRACEPARENT=00-/m.test(text));
      }
    });
    await ended(fork("child.mjs", ["alone"], { execArgv: [] }));`);
  expect(printed.trim().split("\n")).toEqual(["false", "true"]);
  const caller = bench.named("caller");
  for (const how of ["fork", "spawn", "exec", "execFile"]) {
    expect([how, bench.named(`child ${how}`).parentSpanId]).toEqual([how, caller.spanId]);
  }
  expect(bench.named("child chosen").parentSpanId).toBe("b".repeat(16));
  expect(bench.named("child alone").parentSpanId).toBeUndefined();
});

test("a process continues the trace of its environment, but requests bring their own", async () => {
  bench.place.env["TRACEPARENT"] = `00-${"c".repeat(32)}-${"d".repeat(16)}-01`;
  await bench.run(`import http from "node:http"; import net from "node:net"; import { span } from "%sdk%";
    await span("own work", async () => {});
    const server = http.createServer((request, response) => span("handler", () => response.end()));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    // No client of ours, which would bring the trace along.
    const socket = net.connect(server.address().port, "127.0.0.1");
    socket.end(["GET / HTTP/1.1", "Host: x", "Connection: close", "", ""].join(String.fromCharCode(13, 10))).resume();
    await new Promise((resolve) => socket.on("close", resolve)); server.close();`);
  expect(bench.named("own work")).toMatchObject({
    traceId: "c".repeat(32),
    parentSpanId: "d".repeat(16),
  });
  expect(bench.named("handler").traceId).not.toBe("c".repeat(32));
});

test("a broken TRACEPARENT is none", async () => {
  bench.place.env["TRACEPARENT"] = "00-zz";
  await bench.run(`import { span } from "%sdk%"; span("alone", () => {});`);
  expect(bench.named("alone").parentSpanId).toBeUndefined();
});

test("worker threads go on by what they are handed, in data or environment", async () => {
  await bench.run(`import { once } from "node:events"; import { Worker } from "node:worker_threads"; import { span } from "%sdk%";
    import { carry, traceEnv } from "@clew/sdk/messaging";
    await span("caller", async () => {
      await once(new Worker("./worker.mjs", { workerData: { name: "data", trace: carry() } }), "exit");
      await once(new Worker("./worker.mjs", { workerData: { name: "env" }, env: traceEnv() }), "exit");
    });
    await once(new Worker("./worker.mjs", { workerData: { name: "none" } }), "exit");`);
  const caller = bench.named("caller");
  expect(bench.named("worker data").parentSpanId).toBe(caller.spanId);
  expect(bench.named("worker env").parentSpanId).toBe(caller.spanId);
  expect(bench.named("worker none").parentSpanId).toBeUndefined();
});

test("each run of a job is a trace of its own that links to where it was planned", async () => {
  await bench.run(`import { span } from "%sdk%"; import { job } from "@clew/sdk/messaging";
    await span("planner", async () => {
      let runs = 0;
      await new Promise((resolve) => {
        const timer = setInterval(job("clean up", async () => { await span("step", async () => {}); if (++runs === 2) { clearInterval(timer); resolve(); } }, { schedule: "every ms" }), 1);
      });
      await Promise.allSettled([job("failing", async (a, b) => { throw new Error(a + b); })("x", "y")]);
    });`);
  const planner = bench.named("planner");
  const runs = bench.sink.spans.filter(({ name }) => name === "clean up");
  expect(runs.map(({ attributes }) => attributes["clew.job.run"])).toEqual([1, 2]);
  expect(new Set([planner.traceId, ...runs.map(({ traceId }) => traceId)]).size).toBe(3);
  for (const run of runs) {
    expect(run.parentSpanId).toBeUndefined();
    expect(run.links).toMatchObject([{ spanId: planner.spanId }]);
  }
  expect(bench.named("failing").status).toMatchObject({ code: 2, message: "xy" });
});
