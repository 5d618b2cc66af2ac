// The command line: subcommands, one clear line with a hint for wrong arguments (exit code 2), and
// the same for errors that a command meets (exit code 1). Commands load what they need when they run.

import { ClewError } from "@clew/base";
import { Command, CommanderError } from "commander";
import type { CliOutput } from "./cli-output.ts";
import { addDemoCommand } from "./demo-command.ts";
import { addDoctorCommand } from "./doctor/command.ts";
import { addLoadCommand } from "./load/command.ts";
import { addQueryCommand } from "./query/query-command.ts";
import { addTailCommand } from "./query/tail-command.ts";
import { addServeCommand } from "./serve-command.ts";
import { addVerifyCommand } from "./verify/command.ts";

const WRONG_ARGUMENTS = 2;

const standardOutput: CliOutput = {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
};

function buildProgram(output: CliOutput): Command {
  const program = new Command("clew");
  program
    .description("Clew: distributed tracing from the first span to the answer.")
    .version("0.1.0")
    .exitOverride()
    .configureOutput({
      writeOut: output.out,
      writeErr: output.error,
      outputError: (text, write) => write(text.replace(/^error: /, "clew: ")),
    });
  addServeCommand(program);
  addDemoCommand(program);
  addLoadCommand(program);
  addQueryCommand(program, output);
  addTailCommand(program, output);
  addVerifyCommand(program, output);
  addDoctorCommand(program, output);
  program.showHelpAfterError("hint: clew --help lists the commands");
  for (const command of program.commands) {
    command.showHelpAfterError(`hint: clew ${command.name()} --help lists the options`);
  }
  return program;
}

function describe(error: ClewError): string {
  const hint = error.hint === undefined ? "" : `hint: ${error.hint}\n`;
  return `clew: ${error.message}\n${hint}`;
}

/**
 * Runs one command line (without node and script) and resolves to its exit code: 0 done, 1 failed,
 * 2 wrong arguments or settings. A command may also set `process.exitCode`, which then counts.
 */
export async function runCli(
  args: readonly string[],
  output: CliOutput = standardOutput,
): Promise<number> {
  try {
    await buildProgram(output).parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_ARGUMENTS;
    if (!(error instanceof ClewError)) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      output.error(`clew: ${text}\n`);
      return 1;
    }
    output.error(describe(error));
    return error.code === "bad_config" ? WRONG_ARGUMENTS : 1;
  }
}
