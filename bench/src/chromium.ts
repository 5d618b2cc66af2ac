// A headless Chromium from the npm registry: the one that CHROMIUM_PATH names, else that of the package
// @sparticuz/chromium with the few shared libraries that it brings along for bare systems.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

// No sandbox: containers and CI run as root. The pages are our own, from this machine.
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
];

/** Starts a browser. Throws when none starts here. */
export async function openBrowser(): Promise<Browser> {
  const named = process.env["CHROMIUM_PATH"];
  if (named !== undefined) {
    return await chromium.launch({ executablePath: named, args: ARGUMENTS });
  }
  const { default: packaged, inflate } = await import("@sparticuz/chromium");
  const executablePath = await packaged.executablePath();
  const folder = dirname(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")));
  // Unpacks beside the browser, once.
  const libraries = await inflate(join(folder, "bin", "al2023.tar.br"));
  const paths = [join(libraries, "lib"), process.env["LD_LIBRARY_PATH"]].filter(Boolean);
  const fonts = existsSync("/etc/fonts/fonts.conf")
    ? {}
    : { FONTCONFIG_PATH: join(libraries, "..", "fonts") };
  const env = { ...process.env, LD_LIBRARY_PATH: paths.join(":"), ...fonts };
  return await chromium.launch({ executablePath, args: ARGUMENTS, env });
}
