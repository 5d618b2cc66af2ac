import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createApiServer } from "../http/server.ts";

let folder: string;
let server: FastifyInstance;
const html = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
const script = `console.log("${"x".repeat(4000)}");`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clew-web-"));
  server = createApiServer({
    web: { folder: join(folder, "dist"), apiPrefixes: ["api", "tempo"] },
  });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function build(): void {
  mkdirSync(join(folder, "dist", "assets"), { recursive: true });
  writeFileSync(join(folder, "dist", "index.html"), "<title>UI</title>");
  writeFileSync(join(folder, "dist", "assets", "app-1a2b3c.js"), script);
  writeFileSync(join(folder, "dist", ".secret"), "s");
  writeFileSync(join(folder, "outside.txt"), "o");
}

describe("the built UI", () => {
  test("answers the root and every path that it routes itself, never from a stale cache", async () => {
    build();
    for (const url of ["/", "/trace/abc?x=1", "/services"]) {
      const answer = await server.inject({ url, headers: html });
      expect(answer.body).toBe("<title>UI</title>");
      expect(answer.statusCode).toBe(200);
      expect(answer.headers["content-type"]).toContain("text/html");
      expect(answer.headers["cache-control"]).toBe("no-cache");
    }
  });

  test.each([
    "%5C",
    "a%5C..%5Cb",
    "%00",
    "..%5C..",
    "%2F",
    "%2E%2E%2Foutside.txt",
    ".secret",
    "app.js",
    "~..",
    "%E2%80%AE",
    "caf%C3%A9",
    "C:%5Cjobs",
    "%3Cb%3E",
    "a%20b",
    "%25",
    "%7B%7D",
    "index.html",
  ])("answers the page of a service named %s", async (name) => {
    build();
    for (const method of ["GET", "HEAD"] as const) {
      const answer = await server.inject({ method, url: `/services/${name}`, headers: html });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers["content-security-policy"]).toContain("default-src 'self'");
      expect(answer.body).toBe(method === "GET" ? "<title>UI</title>" : "");
    }
  });

  test("gives a browser that opens a file of the build that file", async () => {
    build();
    writeFileSync(join(folder, "dist", "icon.svg"), "<svg/>");
    expect((await server.inject({ url: "/icon.svg", headers: html })).body).toBe("<svg/>");
  });

  test("lets browsers keep hashed files for good", async () => {
    build();
    const answer = await server.inject("/assets/app-1a2b3c.js");
    expect(answer.body).toBe(script);
    expect(answer.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect(answer.headers["content-type"]).toContain("javascript");
  });

  test("is compressed when that is accepted, except for a part of a file", async () => {
    build();
    const whole = await server.inject({
      url: "/assets/app-1a2b3c.js",
      headers: { "accept-encoding": "gzip" },
    });
    expect(whole.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(whole.rawPayload).toString()).toBe(script);
    const headers = { "accept-encoding": "gzip", range: "bytes=0-6" };
    const part = await server.inject({ url: "/assets/app-1a2b3c.js", headers });
    expect([part.statusCode, part.body]).toEqual([206, "console"]);
  });

  test("is not what a missing file or a wrong API path is answered with", async () => {
    build();
    for (const url of ["/assets/gone.js", "/api/v1/nothing", "/tempo/nothing", "/api"]) {
      const answer = await server.inject({ url, headers: html });
      expect(answer.statusCode).toBe(404);
      expect(answer.json().error.code).toBe("not_found");
    }
    expect(
      (await server.inject({ url: "/services", headers: { accept: "application/json" } }))
        .statusCode,
    ).toBe(404);
    expect(
      (await server.inject({ method: "POST", url: "/services", headers: html })).statusCode,
    ).toBe(404);
  });

  test("gives nothing from outside its folder, and no hidden file", async () => {
    build();
    for (const url of [
      "/../outside.txt",
      "/..%2foutside.txt",
      "/assets/..%2f..%2f..%2foutside.txt",
      "/.secret",
      "/assets/..%5c..%5coutside.txt",
      "/%2e%2e/outside.txt",
      "//outside.txt",
      "/outside.txt%00",
    ]) {
      const answer = await server.inject(url);
      expect(answer.statusCode).toBeGreaterThanOrEqual(400);
      expect(answer.body).not.toBe("o");
      // To a browser that wants a page all of this is a page of the UI, or an error.
      const page = await server.inject({ url, headers: html });
      if (page.statusCode === 200) expect(page.body).toBe("<title>UI</title>");
    }
  });
});

test("without a built UI a page says how to build it, and the UI appears once that is done", async () => {
  const before = await server.inject({ url: "/", headers: html });
  expect(before.statusCode).toBe(200);
  expect(before.body).toContain("npm run build");
  expect(before.headers["cache-control"]).toBe("no-store");
  build();
  expect((await server.inject({ url: "/", headers: html })).body).toBe("<title>UI</title>");
});
