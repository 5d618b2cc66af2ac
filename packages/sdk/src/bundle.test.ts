// The tracer inside of a bundle: of either kind, far from its own files, started in code.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { rolldown } from "rolldown";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OtlpSink } from "./testing/otlp-sink.ts";
import { builtFile, makePlace, type Place, removePlace, writeFiles } from "./testing/program.ts";

let sink: OtlpSink;
let place: Place;

beforeEach(async () => {
  sink = await OtlpSink.start();
  place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url });
});

afterEach(async () => {
  removePlace(place);
  await sink.stop();
});

/** Bundles a program, and runs it where nothing else is. */
async function runBundle(
  format: "esm" | "cjs",
  source: string,
  ...flags: readonly string[]
): Promise<string> {
  writeFiles(place, { "main.mjs": source.replaceAll("%sdk%", builtFile("index.mjs")) });
  const build = await rolldown({ input: join(place.folder, "main.mjs"), platform: "node" });
  const file = join(place.folder, "out", `app.${format === "esm" ? "mjs" : "cjs"}`);
  await build.write({ file, format, codeSplitting: false });
  await build.close();
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [...flags, file], { env: { ...inherited, ...place.env } });
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
  await once(child, "close");
  return (await stdout) + (await stderr);
}

test.each(["esm", "cjs"] as const)("parts are found in a bundle of kind %s", async (format) => {
  const output = await runBundle(
    format,
    `import { flush, span, start } from "%sdk%";
     start({ service: "bundled", propagators: ["b3"], disabledInstrumentations: ["*"] });
     span("in a bundle", () => {});
     flush().then((arrived) => console.log("arrived", arrived));`,
  );
  expect(output).toBe("arrived true\n");
  expect(sink.spans).toMatchObject([{ name: "in a bundle" }]);
});

test("timers of a DOM shim do no harm", async () => {
  const output = await runBundle(
    "cjs",
    `import { flush, span, start } from "%sdk%";
     globalThis.setTimeout = () => 1;
     globalThis.setInterval = () => 2;
     start({ service: "simulated browser", disabledInstrumentations: ["*"] });
     span("in a DOM", () => {});
     flush().then((arrived) => console.log("arrived", arrived));`,
  );
  expect(output).toBe("arrived true\n");
});

test("the declarations name no package but those that users can install", () => {
  const types = builtFile("types");
  const files = readdirSync(types, { recursive: true, encoding: "utf8" });
  const names = files
    .filter((name) => name.endsWith(".d.ts"))
    .flatMap((name) => [
      ...readFileSync(join(types, name), "utf8").matchAll(/(?:from |import\()"([^".][^"]*)"/g),
    ]);
  const packages = new Set(names.map(([, name = ""]) => name.replace(/^node:.*/, "node:")));
  expect(files).toContain("testing.d.ts");
  expect(packages).toEqual(new Set(["node:", "@opentelemetry/api"]));
});

test("a tracer in a bundle and one that is registered are one", async () => {
  const output = await runBundle(
    "cjs",
    `import http from "node:http"; import { activeSpan, flush, span, start } from "%sdk%";
     start({ service: "second" });
     const server = http.createServer((request, response) => {
       activeSpan().set({ "found.by": "the bundle" });
       span("in a bundle", () => response.end());
     }).listen(0, "127.0.0.1", () => {
       span("caller", () => http.get("http://127.0.0.1:" + server.address().port, (response) => response.resume().on("end", () => {
         server.close(); server.closeAllConnections();
         flush().then((arrived) => console.log("arrived", arrived));
       })));
     });`,
    "--require",
    builtFile("register.cjs"),
  );
  expect(output).toBe("arrived true\n");
  const names = sink.spans.map(({ name }) => name);
  expect(names.toSorted((a, b) => a.localeCompare(b))).toEqual([
    "caller",
    "GET",
    "GET",
    "in a bundle",
  ]);
  expect(new Set(sink.spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(sink.spans.some(({ attributes }) => attributes["found.by"] === "the bundle")).toBe(true);
});
