export {
  type LoadedConfig,
  type LoadOptions,
  loadConfig,
  type ResolvedSetting,
} from "./config/load.ts";
export { printConfig } from "./config/print.ts";
export { type Config, type Setting, settings } from "./config/schema.ts";
export { fatalText, reportFatal } from "./process/fatal.ts";
export { listenError } from "./process/listen-error.ts";
export { createLog, type Log } from "./process/log.ts";
export { runServe, type ServeOptions } from "./run-serve.ts";
export { type RunningServer, startServer } from "./server.ts";
export type { Ingest, Part, Parts, Store } from "./wiring.ts";
