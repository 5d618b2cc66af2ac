export type { CliOutput } from "./cli-output.ts";
export { runCli } from "./run-cli.ts";
