// Finds a Chromium that starts here: the one that CHROMIUM_PATH names, else the one of the package
// @sparticuz/chromium, else a system's own. The package is made for a bare Amazon Linux: it brings the few
// libraries that a bare Debian lacks too (libnspr4, libnss3, libnssutil3, libexpat), and fonts.

import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** An executable and what it needs in its environment. */
export interface ChromiumBinary {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

const SYSTEM_PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const CACHE = fileURLToPath(new URL("../../node_modules/.cache/clew-chromium", import.meta.url));
const require = createRequire(import.meta.url);

/** Executables to try, best first. */
export async function chromiumCandidates(): Promise<ChromiumBinary[]> {
  const named = process.env["CHROMIUM_PATH"];
  const candidates: ChromiumBinary[] = named === undefined ? [] : [{ path: named, env: {} }];
  const packaged = await packagedChromium();
  if (packaged !== undefined) candidates.push(packaged);
  for (const path of SYSTEM_PATHS) if (existsSync(path)) candidates.push({ path, env: {} });
  return candidates;
}

/** The package's browser, unpacked once; undefined on machines that it is not made for. */
async function packagedChromium(): Promise<ChromiumBinary | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const folder = join(CACHE, packageVersion());
  if (!existsSync(folder)) await unpack(folder);
  const libraries = [join(folder, "al2023", "lib"), process.env["LD_LIBRARY_PATH"]];
  return {
    path: join(folder, "chromium"),
    env: {
      LD_LIBRARY_PATH: libraries.filter((path) => path !== undefined && path !== "").join(":"),
      // A machine with fonts of its own has more signs than the package's one family.
      ...(systemHasFonts() ? {} : { FONTCONFIG_PATH: join(folder, "fonts") }),
    },
  };
}

function systemHasFonts(): boolean {
  try {
    return existsSync("/etc/fonts/fonts.conf") && readdirSync("/usr/share/fonts").length > 0;
  } catch {
    return false;
  }
}

function packageFolder(): string {
  return dirname(dirname(require.resolve("@sparticuz/chromium")));
}

function packageVersion(): string {
  const manifest = require(join(packageFolder(), "package.json")) as { version: string };
  return manifest.version;
}

// The package unpacks into the folder for temporary files, which all users and checkouts share; here it
// gets one of its own, which appears under its name only when it is complete.
async function unpack(folder: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const unfinished = await mkdtemp(join(CACHE, "unpacking-"));
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = unfinished;
  try {
    const { inflate } = await import("@sparticuz/chromium");
    const archives = ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"];
    await Promise.all(archives.map((name) => inflate(join(packageFolder(), "bin", name))));
    await writeFile(join(unfinished, "fonts", "fonts.conf"), fontConfiguration(folder));
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // else another run was faster
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
}

function fontConfiguration(folder: string): string {
  const fonts = `  <dir>${folder}/fonts</dir>\n  <cachedir>${folder}/font-cache</cachedir>\n`;
  return `<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n${fonts}</fontconfig>\n`;
}
