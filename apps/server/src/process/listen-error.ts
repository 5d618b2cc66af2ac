// Why a listener did not start, in one line that names the setting.

import { ClewError } from "@clew/base";
import { envName } from "../config/schema.ts";

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use by another program",
  EACCES: "this user may not bind that port",
  EADDRNOTAVAIL: "this machine does not have that address",
  ENOTFOUND: "the host name is unknown",
};

/** `key`: the setting with the port. `thrown`: what `listen` failed with. */
export function listenError(thrown: unknown, key: string, host: string, port: number): ClewError {
  if (thrown instanceof ClewError) return thrown;
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  const aboutHost = code === "EADDRNOTAVAIL" || code === "ENOTFOUND";
  const setting = aboutHost ? "host" : key;
  const reason = reasons[code] ?? (thrown instanceof Error ? thrown.message : String(thrown));
  return new ClewError("bad_config", `cannot listen on ${host}:${port} (${key}): ${reason}`, {
    cause: thrown,
    hint: `stop what uses it or set ${setting} (${envName(setting)}) to something else${aboutHost ? "" : "; 0 turns the listener off"}`,
  });
}
