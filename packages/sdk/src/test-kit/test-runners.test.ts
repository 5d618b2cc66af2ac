// The test kit in files that share a process: vitest without isolation keeps the globals, and jest gives each file
// new ones, a module registry of its own, and no module hooks.

import { expect, test } from "vitest";
import { builtFile, makePlace, removePlace, runProgram } from "../testing/program.ts";

/** What a file of tests does: a server, a request, and what of it was recorded. */
const FILE = `
  async ({ http, kit, sdk, name }) => {
    const traces = await kit.recordTraces();
    const server = http.createServer((request, response) => sdk.span("load " + name, () => response.end()));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const get = () => new Promise((resolve) => http.get({ host: "127.0.0.1", port: server.address().port }, (response) =>
      response.resume().on("end", resolve)));
    await sdk.span("test " + name, get);
    await kit.expectTrace(traces).toHaveSpan("load " + name);
    const { spans } = traces;
    const parentOf = ({ parentSpanId }) => spans.find(({ spanId }) => spanId === parentSpanId)?.name;
    console.log(spans.map((span) => ((parentOf(span) ?? "") + "> " + span.name)).sort().join(", "));
    server.close();
    server.closeAllConnections();
    await traces.stop();
  }`;
const WHOLE = (name: string) => `> test ${name}, GET> GET, GET> load ${name}, test ${name}> GET`;

async function run(source: string): Promise<readonly string[]> {
  const place = makePlace({ OTEL_SDK_DISABLED: "true" });
  try {
    const text = source.replaceAll("%dist%", JSON.stringify(`${builtFile("")}/`));
    const { code, stdout, stderr } = await runProgram(place, "cjs", text);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout.trim().split("\n");
  } finally {
    removePlace(place);
  }
}

test("a recorder takes over from the one before it", async () => {
  const said = await run(`
    delete process.env.OTEL_SDK_DISABLED;
    const http = require("node:http"), sdk = require(%dist% + "index.cjs"), kit = require(%dist% + "testing.cjs");
    const file = ${FILE};
    (async () => { for (const name of ["a", "b"]) await file({ http, kit, sdk, name }); })();`);
  expect(said).toEqual([WHOLE("a"), WHOLE("b")]);
});

test("files with globals of their own have a tracer each, and only one at a time, where modules cannot be hooked", async () => {
  const said = await run(`
    delete process.env.OTEL_SDK_DISABLED;
    const vm = require("node:vm"), path = require("node:path"), fs = require("node:fs");
    require("node:module").registerHooks = () => { throw new Error("not here"); };
    /** Loads modules as jest does: in a realm of their own, with Node's modules shared. */
    function realm() {
      const context = vm.createContext({ process });
      // A DOM of a test runner lacks these two.
      for (const name of Object.getOwnPropertyNames(globalThis).filter((each) => !/^Text(De|En)coder$/.test(each))) {
        if (!(name in context) && !vm.runInContext("typeof " + name + " !== 'undefined'", context)) context[name] = globalThis[name];
      }
      const cache = {};
      const load = (file) => {
        if (cache[file]) return cache[file].exports;
        const module = (cache[file] = { exports: {} });
        const within = (name) => name.startsWith(".") ? load(path.resolve(path.dirname(file), name)) : require(name);
        const wrapped = "(function (exports, require, module, __filename, __dirname) {" + fs.readFileSync(file, "utf8") + "\\n})";
        vm.runInContext(wrapped, context, { filename: file })(module.exports, within, module, file, path.dirname(file));
        return module.exports;
      };
      return load;
    }
    const file = ${FILE};
    (async () => {
      for (const name of ["a", "b"]) {
        const load = realm();
        const kit = load(%dist% + "testing.cjs");
        await file({ http: require("node:http"), kit, sdk: load(%dist% + "index.cjs"), name });
      }
    })();`);
  expect(said).toEqual([WHOLE("a"), WHOLE("b")]);
});
