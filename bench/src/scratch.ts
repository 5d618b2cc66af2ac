// Folders for scratch data, gigabytes at times: they go away with this process, however it ends, unless
// it is killed.

import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

const folders = new Set<string>();
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Makes a new folder inside `parent` and resolves to its path. */
export async function makeScratch(parent: string): Promise<string> {
  const folder = await mkdtemp(join(parent, "clew-bench-"));
  folders.add(folder);
  return folder;
}

/** Removes a folder of {@link makeScratch} with all that is in it. */
export async function removeScratch(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  folders.delete(folder);
}
