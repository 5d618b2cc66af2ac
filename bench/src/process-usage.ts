// What another process has used: CPU seconds (user + system, all its threads) and its peak of resident
// memory. Linux: /proc. Elsewhere: ps, which knows no peak; there it is the memory at the moment of asking.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const onLinux = process.platform === "linux";
let ticksPerSecond: number | undefined;

/** CPU seconds of a process since its start, its ended threads included. Throws when it is gone. */
export function cpuSecondsOf(pid: number): number {
  if (!onLinux) return psSeconds(ps("cputime", pid));
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in parentheses may hold anything; state is the first field behind it, field 3 of the line.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  ticksPerSecond ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Peak of resident memory in bytes. Throws when the process is gone. */
export function peakBytesOf(pid: number): number {
  if (!onLinux) return Number(ps("rss", pid)) * 1024;
  const line = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) * 1024;
}

function ps(column: string, pid: number): string {
  return execFileSync("ps", ["-o", `${column}=`, "-p", String(pid)], { encoding: "utf8" }).trim();
}

/** "1-02:03:04.56", each part but the last two optional, in seconds. */
function psSeconds(text: string): number {
  const [days, clock] = text.includes("-") ? text.split("-") : ["0", text];
  const seconds = (clock ?? "").split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return Number(days) * 86_400 + seconds;
}
