// Serves the built web UI: files as they are, index.html for every path that the UI routes itself. Files
// whose names hold a hash of their content (under assets/) never change and are cached for a year.

import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { negotiateType } from "../http/accept.ts";
import { sendUnknownRoute } from "../http/errors.ts";

export interface WebUiOptions {
  /** Folder with the built UI: index.html and assets/. */
  readonly folder: string;
  /** First path segments that belong to APIs, where a wrong path is an error and not a page of the UI. */
  readonly apiPrefixes: readonly string[];
}

const missingPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Clew</title>
<h1>Clew is running</h1>
<p>The web UI is not built yet. Build it with</p>
<pre>npm run build</pre>
<p>and reload this page. The API is up: see <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>
</html>
`;

/** The route that the plugin for files takes. */
const filesRoute = "/*";

/** Hangs the UI on the root of `server` and lets it answer the paths that nothing else does. */
export function serveWebUi(server: FastifyInstance, options: WebUiOptions): void {
  const folder = resolve(options.folder);
  server.register(fastifyStatic, {
    root: folder,
    // The folder may be built while Clew runs.
    suppressWarning: true,
    dotfiles: "ignore",
    cacheControl: false,
    setHeaders: (reply, path) => {
      const hashed = path.startsWith(folder + sep + "assets" + sep);
      void reply.header(
        "cache-control",
        hashed ? "public, max-age=31536000, immutable" : "no-cache",
      );
    },
  });
  server.setNotFoundHandler(sendUnknownRoute);
  // Pages never reach the look-up of files, which refuses the odd characters that a service's name may have.
  server.addHook("preHandler", async (request, reply) => {
    if (request.routeOptions.url !== filesRoute || !isPage(request, options.apiPrefixes)) return;
    if (await isFile(folder, pathOf(request))) return;
    if (existsSync(join(folder, "index.html"))) return reply.sendFile("index.html");
    return reply
      .header("cache-control", "no-store")
      .type("text/html; charset=utf-8")
      .send(missingPage);
  });
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] ?? "";
}

/** A file of the build. Theirs are plain names: a path with anything else in it is not even looked for. */
async function isFile(folder: string, path: string): Promise<boolean> {
  if (!/^(?:\/[\w-][\w.-]*)+$/.test(path)) return false;
  const found = await stat(join(folder, path)).catch(() => undefined);
  return found?.isFile() ?? false;
}

/** A browser that asks for a page of the UI, not for a file or an API's answer. */
function isPage(request: FastifyRequest, apiPrefixes: readonly string[]): boolean {
  const first = pathOf(request).split("/", 2)[1] ?? "";
  const { accept } = request.headers;
  if (request.method !== "GET" && request.method !== "HEAD") return false;
  if (first === "assets" || apiPrefixes.includes(first)) return false;
  return (
    accept !== undefined && negotiateType(accept, ["application/json", "text/html"]) === "text/html"
  );
}
