// The W3C's own test-suite (github.com/w3c/trace-context, folder test) at its strictest levels, against a service
// with nothing but the built tracer in front of it. Runs where CLEW_W3C_SUITE names the folder of the suite and
// CLEW_W3C_PYTHON a Python that has aiohttp.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { makePlace, nodes, removePlace, startProgram } from "../testing/program.ts";

const suite = process.env["CLEW_W3C_SUITE"];
const python = process.env["CLEW_W3C_PYTHON"] ?? "python3";

const SERVICE = `
  const http = require("node:http");
  const post = ({ url, arguments: body }) => new Promise((resolve) => {
    const request = http.request(url, { method: "POST", headers: { "content-type": "application/json" } }, (response) => {
      response.resume().on("close", resolve);
    });
    request.on("error", resolve).end(JSON.stringify(body));
  });
  http.createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => { text += chunk; });
    request.on("end", async () => {
      await Promise.all(JSON.parse(text || "[]").map(post));
      response.end();
    });
  }).listen(0, "127.0.0.1", function () { console.log(this.address().port); });`;

const title =
  suite === undefined
    ? "the W3C's own suite is needed: set CLEW_W3C_SUITE to its folder"
    : "41 of 41 cases of the W3C's suite pass on %s";

test.skipIf(suite === undefined).for(nodes)(title, { timeout: 120_000 }, async (node) => {
  const place = makePlace({ OTEL_TRACES_EXPORTER: "none" });
  const { child, ended } = startProgram(place, "cjs", SERVICE, node);
  try {
    const [port] = (await once(child.stdout as NonNullable<typeof child.stdout>, "data")) as [
      string,
    ];
    const env = { ...process.env, STRICT_LEVEL: "2", SPEC_LEVEL: "2" };
    const run = spawn(python, ["test.py", `http://127.0.0.1:${port.trim()}/`], { cwd: suite, env });
    let output = "";
    run.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    const [code] = (await once(run, "close")) as [number];
    expect(output).toMatch(/Ran 41 tests/);
    expect(code, output).toBe(0);
  } finally {
    child.kill("SIGKILL");
    await ended;
    removePlace(place);
  }
});
