import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { duration, instant, share, whole } from "./argument-types.ts";
import { runShop } from "./demo-command.ts";
import { runCli } from "./run-cli.ts";

async function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let out = "";
  let error = "";
  const code = await runCli(args, {
    out: (text) => (out += text),
    error: (text) => (error += text),
  });
  return { code, out, error };
}

afterEach(() => {
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

describe("clew", () => {
  it("lists its commands with --help and exits 0", async () => {
    const { code, out } = await run("--help");
    expect(code).toBe(0);
    for (const name of ["serve", "demo", "load"])
      expect(out).toMatch(new RegExp(`^  ${name} `, "m"));
  });

  it("shows each command's own help", async () => {
    expect((await run("load", "--help")).out).toContain("--report-acked <file>");
    expect((await run("serve", "--help")).out).toContain("--print-config");
    expect((await run("demo", "--help")).out).toContain("examples/shop");
  });

  it("asks the port that the environment gives a server", async () => {
    vi.stubEnv("CLEW_PORT", "2");
    const { code, error } = await run("query", "{ }");
    expect(code).toBe(1);
    expect(error).toContain("no Clew server answers at http://127.0.0.1:2\n");
  });

  it("shows each default once, and durations with a unit", async () => {
    expect((await run("query", "--help")).out).toContain('end (default: "now")');
    expect((await run("tail", "--help")).out).toContain("how often to look (default: 1s)");
    expect((await run("doctor", "--help")).out).toMatch(/\(default:\s+10s\)/);
  });

  it.each([
    [
      ["lod"],
      "clew: unknown command 'lod'\n(Did you mean load?)\nhint: clew --help lists the commands\n",
    ],
    [
      ["load", "--rte", "5"],
      "clew: unknown option '--rte'\n(Did you mean --rate?)\nhint: clew load --help lists the options\n",
    ],
    [["load", "--transport", "udp"], "Allowed choices are grpc, http, json."],
    [["load", "--duration", "60"], "Use a number with a unit, such as 500ms, 60s, 5m, 24h or 7d."],
    [["load", "--sampled", "2"], "Use a number from 0 to 1."],
    [["load", "extra"], "too many arguments"],
    [["load", "--time-span", "24h"], "hint: add --spans, or --rate with --duration\n"],
    [["load", "--senders", "5", "--rate", "9"], "clew: --senders and --rate exclude each other\n"],
    [
      ["load", "--endpoint", "ftp://x"],
      'clew: "ftp://x" is not an endpoint\nhint: use http://host:port\n',
    ],
    [["serve", "--port", "1"], "clew: unknown option '--port'\n"],
  ])("answers %j with one clear line, a hint and exit code 2", async (args, message) => {
    const { code, out, error } = await run(...args);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(error).toContain(message);
    expect(error).toMatch(/^clew: .*\n(\(Did you mean .*\n)?hint: .*\n$/);
  });

  it("says where the report of acknowledged requests cannot be written", async () => {
    const { code, error } = await run(
      "load",
      "--spans",
      "1",
      "--report-acked",
      "/nonexistent/file",
    );
    expect(code).toBe(2);
    expect(error).toBe(
      "clew: cannot write /nonexistent/file\nhint: choose a file in a folder that exists\n",
    );
  });
});

describe("clew demo", () => {
  it("passes arguments and endpoint on and ends with the shop's exit code", async () => {
    const folder = mkdtempSync(join(tmpdir(), "clew-demo-"));
    const script = join(folder, "shop.mjs");
    writeFileSync(
      script,
      'process.exit(process.argv[2] === "--fast" && process.env.OTEL_EXPORTER_OTLP_ENDPOINT === "http://h:1" ? 7 : 1);',
    );
    expect(await runShop(script, ["--fast"], "http://h:1")).toBe(7);
    rmSync(folder, { recursive: true });
  });
});

describe("clew as a process", () => {
  it.each([[["--help"]], [["load", "--help"]], [["serve", "--print-config"]]])(
    "ends quietly when nobody reads what %j prints",
    async (args) => {
      const main = new URL("./main.ts", import.meta.url).pathname;
      const child = spawn(process.execPath, [main, ...args]);
      child.stdout.destroy();
      let error = "";
      child.stderr.on("data", (chunk: Buffer) => (error += chunk.toString()));
      expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);
      expect(error).toBe("");
    },
  );
});

describe("clew load as a process", () => {
  it("prints its report on Ctrl-C and exits 0 when nothing was given up", async () => {
    const main = new URL("./main.ts", import.meta.url).pathname;
    // Nothing listens on port 9, so all it can do is repeat until it is interrupted.
    const args = [
      main,
      "load",
      "--transport",
      "http",
      "--endpoint",
      "http://127.0.0.1:9",
      "--json",
      "--worker",
      "0",
    ];
    const child = spawn(process.execPath, args);
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    await new Promise<void>((resolve) => child.stderr.once("data", () => resolve()));
    child.kill("SIGINT");
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      acknowledgedSpans: 0,
      failedRequests: 0,
      unansweredRequests: 8,
    });
  });
});

describe("option values", () => {
  it("read durations, counts, shares and instants", () => {
    expect([duration("250ms"), duration("1.5h"), duration("7d")]).toEqual([
      250, 5_400_000, 604_800_000,
    ]);
    expect([whole(1, 1e9)("10M"), whole(1, 1e9)("2.5k"), whole(0, 9)("0")]).toEqual([
      10_000_000, 2500, 0,
    ]);
    expect(share("0.25")).toBe(0.25);
    expect(instant("2026-05-01T12:00:00Z")).toBe(1_777_636_800_000_000_000n);
    expect(instant("-1h", 3_600_000)).toBe(0n);
  });

  it("refuse what is out of range or has no unit", () => {
    for (const wrong of [
      () => duration("5"),
      () => whole(1, 5)("6"),
      () => share(""),
      () => instant("noon"),
    ]) {
      expect(wrong).toThrow();
    }
  });
});
