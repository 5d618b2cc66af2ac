// Libraries shown to their instrumentations, in real processes: CommonJS and ES modules, files within packages,
// versions; and OpenTelemetry's own API and instrumentations over our provider.

import { symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { provide } from "../testing/libraries.ts";
import { OtlpSink } from "../testing/otlp-sink.ts";
import {
  makePlace,
  nodes,
  type Place,
  removePlace,
  runProgram,
  writeFiles,
} from "../testing/program.ts";
import { runsImportsAside, throughOrdinaryLoader } from "./imported-commonjs.ts";
import { placeOf } from "./package-facts.ts";
import { inRange } from "./versions.ts";

let sink: OtlpSink;
let place: Place;

beforeEach(async () => {
  sink = await OtlpSink.start();
  place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "hooks" });
});

afterEach(async () => {
  removePlace(place);
  await sink.stop();
});

const LIBRARIES = {
  "node_modules/old-style/package.json": `{"name":"old-style","version":"2.3.4","main":"lib/main.js"}`,
  "node_modules/old-style/lib/main.js": `exports.Client = require("./client").Client;`,
  "node_modules/old-style/lib/client.js": `exports.Client = class { ask() { return "plain"; } };`,
  "node_modules/new-style/package.json": `{"name":"new-style","version":"1.0.0","type":"module","exports":"./index.js"}`,
  "node_modules/new-style/index.js": `export class Client { ask() { return "plain"; } } export function make() { return "plain"; }`,
};

const INSTRUMENTATION = `{
  name: "test", modules: [
    { module: "old-style", versions: ">=2 <3", file: "lib/client", patch(e) { e.Client.prototype.ask = () => "patched"; } },
    { module: "old-style", versions: ">=3", patch() { throw new Error("wrong version"); } },
    { module: "new-style", expose: ["Client", "make"], patch(e) { e.Client.prototype.ask = () => "patched"; e.make = () => "patched"; } },
    { module: "new-style", expose: ["nothing"], patch(e) { e.nothing.x = 1; } },
  ] }`;

describe.each(nodes)("on %s", (node) => {
  test("ES modules get patched libraries of both kinds, and a patch that fails harms nobody", async () => {
    writeFiles(place, {
      ...LIBRARIES,
      "start.mjs": `import { start } from ${JSON.stringify("%sdk%")};`,
    });
    const ending = await runProgram(
      { ...place, env: { ...place.env, OTEL_SDK_DISABLED: "" } },
      "mjs",
      `import { running, start } from "%sdk%";
       await running().shutdown();
       start({ instrumentations: [${INSTRUMENTATION}] });
       const old = await import("old-style");
       const fresh = await import("new-style");
       console.log(new old.Client().ask(), new old.default.Client().ask(), new fresh.Client().ask(), fresh.make());`,
      node,
    );
    expect(ending.stdout.trim()).toBe("patched patched patched patched");
    expect(ending.stderr).toContain("new-style could not be instrumented");
  });

  test("ES modules get what a patch puts in the place of a CommonJS library, in whatever order files load", async () => {
    writeFiles(place, {
      "node_modules/replaced/package.json": `{"name":"replaced","version":"1.0.0"}`,
      "node_modules/replaced/index.js": `"use strict"; const deep = require("./deep"); module.exports = () => deep.whole; module.exports.named = 1;`,
      "node_modules/replaced/deep.js": `exports.early = require("./index"); exports.whole = (function () { return this === undefined; })();`,
      "main.cjs": `#!/usr/bin/env node\n// A program.\n'use strict';\nexports.line = Number(/cjs:(\\d+)/.exec(new Error().stack)[1]); exports.isStrict = (function () { return this === undefined; })();`,
    });
    const ending = await runProgram(
      place,
      "mjs",
      `import { running, start } from "%sdk%";
       await running().shutdown();
       const patch = (old) => Object.assign(() => ["patched", old()], old);
       start({ instrumentations: [{ name: "test", modules: [{ module: "replaced", patch }] }] });
       const deep = await import("./node_modules/replaced/deep.js");
       const { default: ask, named } = await import("replaced");
       const { line, isStrict } = await import("./main.cjs");
       const { createRequire } = await import("node:module");
       const same = createRequire(import.meta.url)("replaced") === ask;
       console.log(JSON.stringify([ask(), named, deep.whole, line, isStrict, same]));`,
      node,
    );
    expect(ending.stderr).toBe("");
    expect(JSON.parse(ending.stdout)).toEqual([["patched", false], 1, false, 4, true, true]);
  });

  test("beside hooks of the older kind, which leave CommonJS to Node's own loader", async () => {
    writeFiles(place, LIBRARIES);
    const hook = `export async function load(url, context, next) {
      const result = await next(url, context);
      return result.format === "commonjs" ? { ...result, source: null } : result;
    }`;
    const ending = await runProgram(
      place,
      "mjs",
      `import { register } from "node:module";
       import { running, start } from "%sdk%";
       process.noDeprecation = true;
       register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hook)}));
       await running().shutdown();
       start({ instrumentations: [${INSTRUMENTATION}] });
       const { Client } = await import("old-style");
       console.log(new Client().ask());`,
      node,
    );
    expect(ending).toMatchObject({ stderr: "", stdout: "patched\n" });
  });

  test("Express, with all that it requires, loads from an ES module", async () => {
    provide(place, ["express"]);
    const ending = await runProgram(
      place,
      "mjs",
      `import express, { Router } from "express"; console.log(typeof express(), typeof Router());`,
      node,
    );
    expect(ending).toMatchObject({ stderr: "", stdout: "function function\n" });
  });

  test("CommonJS gets patched libraries", async () => {
    writeFiles(place, LIBRARIES);
    const ending = await runProgram(
      place,
      "cjs",
      `const { running, start } = require("%sdk%");
       running().shutdown().then(() => {
         start({ instrumentations: [${INSTRUMENTATION}] });
         console.log(new (require("old-style").Client)().ask());
       });`,
      node,
    );
    expect(ending.stdout.trim()).toBe("patched");
    expect(ending.code).toBe(0);
  });

  test("programs that use OpenTelemetry's API speak to our tracer", async () => {
    const api = dirname(dirname(createRequire(import.meta.url).resolve("@opentelemetry/api")));
    writeFiles(place, { "node_modules/@opentelemetry/.keep": "" });
    symlinkSync(api, join(place.folder, "node_modules/@opentelemetry/api"));
    const ending = await runProgram(
      place,
      "mjs",
      `import { context, metrics, propagation, ROOT_CONTEXT, SpanStatusCode, trace } from "@opentelemetry/api";
       import assert from "node:assert";
       const tracer = trace.getTracer("theirs", "1.2.3");
       tracer.startActiveSpan("outer", { attributes: { a: 1 } }, async (outer) => {
         await null;
         assert.equal(trace.getActiveSpan(), outer);
         const carrier = {};
         const withBaggage = propagation.setBaggage(context.active(), propagation.createBaggage({ k: { value: "v" } }));
         propagation.inject(withBaggage, carrier);
         assert.equal(carrier.traceparent, "00-" + outer.spanContext().traceId + "-" + outer.spanContext().spanId + "-01");
         assert.equal(carrier.baggage, "k=v");
         const remote = propagation.extract(ROOT_CONTEXT, carrier);
         tracer.startSpan("remote child", {}, remote).end();
         context.with(trace.setSpan(ROOT_CONTEXT, outer), () => tracer.startSpan("child").end());
         outer.setStatus({ code: SpanStatusCode.OK }).end();
         assert.equal(metrics.setGlobalMeterProvider({ getMeter() {} }), true);
       });`,
      node,
    );
    expect(ending.stderr).toBe("");
    const outer = await sink.span("outer");
    expect(outer.scope).toBe("theirs");
    expect((await sink.span("child")).parentSpanId).toBe(outer.spanId);
    const remote = await sink.span("remote child");
    expect(remote.parentSpanId).toBe(outer.spanId);
    expect((remote.flags ?? 0) & 0x300).toBe(0x300);
  });
});

test("OpenTelemetry's instrumentations are given our provider", async () => {
  const ending = await runProgram(
    place,
    "cjs",
    `const { running, start } = require("%sdk%");
     running().shutdown().then(async () => {
       const theirs = { instrumentationName: "x", setTracerProvider(p) { this.tracer = p.getTracer("x"); }, enable() { this.on = true; }, disable() { this.on = false; } };
       const sdk = start({ instrumentations: [theirs] });
       theirs.tracer.startSpan("theirs").end();
       await sdk.shutdown();
       console.log(theirs.on);
     });`,
  );
  expect(ending.stdout.trim()).toBe("false");
  expect((await sink.span("theirs")).scope).toBe("x");
});

test("paths are taken apart by the last node_modules, whatever the package manager", () => {
  expect(placeOf("/a/node_modules/.pnpm/pg@8/node_modules/pg/lib/client.js")).toMatchObject({
    name: "pg",
    file: "lib/client",
  });
  expect(placeOf("C:\\a\\node_modules\\@s\\p\\x.mjs")).toMatchObject({ name: "@s/p", file: "x" });
  expect(placeOf("/a/b.js")).toBeUndefined();
});

test("a file that Node would run aside says so first, and stays what it is", () => {
  const versions = ["22.15.0", "22.22.2", "23.11.1", "24.0.0", "24.11.0", "25.0.0"];
  expect(versions.filter((each) => !runsImportsAside(each))).toEqual([]);
  expect(["22.22.3", "24.11.1", "25.1.0", "26.0.0"].filter(runsImportsAside)).toEqual([]);
  const loose = throughOrdinaryLoader("exports.a = 1;");
  expect(loose).toMatch(/^if\(!require\.cache&&.*return;exports\.a = 1;$/);
  const strict = throughOrdinaryLoader(`/* license */\n// x\n'use strict'; exports.a = 1;`);
  expect(strict).toMatch(/^"use strict";if\(.*return;\/\* license \*\/\n\/\/ x\n'use strict';/);
  const program = throughOrdinaryLoader("#!/usr/bin/env node\r\n'use strict'");
  expect(program).toMatch(/^#!\/usr\/bin\/env node\r\n"use strict";if\(.*return;'use strict'$/);
  expect(throughOrdinaryLoader("#!/bin/node")).toBe("#!/bin/node");
  const comments = `${"/* a */ // /* b */ //\n".repeat(2000)}exports.a = 1;`;
  expect(throughOrdinaryLoader(comments)).toMatch(/^if\(/);
});

test("version ranges", () => {
  const cases: readonly [string, string, boolean][] = [
    ["8.11.3", ">=8.0.0 <9", true],
    ["9.0.0", ">=8 <9", false],
    ["9.0.0-beta.1", "^9", true],
    ["0.2.9", "^0.2.1", true],
    ["0.3.0", "^0.2.1", false],
    ["1.2.3", "~1.2", true],
    ["10.4.1", "8 || 10.x", true],
    ["10.4.1", "10.3.x", false],
    ["1.0.0", "*", true],
  ];
  for (const [version, range, expected] of cases)
    expect([version, range, inRange(version, range)]).toEqual([version, range, expected]);
  expect(inRange(undefined, ">=1")).toBe(false);
  expect(inRange(undefined, undefined)).toBe(true);
});
