// What a running tracer says about itself.

import type { Settings } from "./config/settings.ts";
import type { TracerStatistics } from "./core.ts";
import type { HookReport } from "./instrument/patcher.ts";

/** Settings, what was hooked, and numbers, at one moment. */
export interface TracerReport {
  readonly settings: Settings;
  readonly sampler: string;
  readonly modules: readonly HookReport[];
  readonly statistics: TracerStatistics;
}
