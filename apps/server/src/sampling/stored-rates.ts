// Rates that were set through the API, in the data folder: one JSON file, replaced as a whole.

import { constants } from "node:fs";
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { readRates, type TenantRates } from "@clew/api";
import { ClewError } from "@clew/base";

const fileName = "sampling.json";

/** One tenant in the file. Services are pairs, so that they may have any name. */
interface StoredTenant {
  readonly tenant: string;
  readonly default?: unknown;
  readonly services: readonly (readonly [string, unknown])[];
}

export interface LoadedRates {
  readonly rates: TenantRates;
  /** Where a file that could not be read was moved to. */
  readonly damaged?: string;
}

/** Reads the rates in `folder`. What cannot be read is set aside, so that it neither stops the start nor is lost. */
export async function loadStoredRates(folder: string): Promise<LoadedRates> {
  const path = join(folder, fileName);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return { rates: new Map() };
    throw new ClewError("bad_config", `cannot read ${path}`, { cause, hint: "check its rights" });
  }
  const rates = parse(text);
  if (rates !== undefined) return { rates };
  const damaged = `${path}.damaged`;
  await rename(path, damaged);
  return { rates: new Map(), damaged };
}

function parse(text: string): TenantRates | undefined {
  try {
    const { tenants } = JSON.parse(text) as { tenants: readonly StoredTenant[] };
    const rates = tenants.map(({ tenant, default: otherwise, services }) => {
      // `fromEntries` makes own properties, whatever their names.
      const document = {
        ...(otherwise === undefined ? {} : { default: otherwise }),
        services: Object.fromEntries(services),
      };
      const result = readRates(document);
      if ("problems" in result) throw new Error("a rate does not fit");
      return [tenant, result.rates] as const;
    });
    return new Map(rates);
  } catch {
    return undefined;
  }
}

/** Replaces the file in `folder`; it is on the disk when this resolves. Raises `unavailable`. */
export async function saveStoredRates(folder: string, rates: TenantRates): Promise<void> {
  const tenants = Array.from(rates, ([tenant, { default: otherwise, services }]): StoredTenant => {
    return { tenant, default: otherwise, services: [...services] };
  });
  const path = join(folder, fileName);
  const unfinished = `${path}.unfinished`;
  try {
    await writeDurably(unfinished, `${JSON.stringify({ version: 1, tenants })}\n`);
    await rename(unfinished, path);
    await syncFolder(folder);
  } catch (cause) {
    throw new ClewError("unavailable", "the rates could not be written to the data folder", {
      cause,
      hint: "look whether its disk is full; nothing has changed",
      retryAfterMs: 1000,
    });
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  await using file = await open(path, "w");
  await file.writeFile(text);
  await file.datasync();
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, constants.O_RDONLY);
  await handle.sync();
}
