// Is somebody there who takes traces? An empty OTLP/HTTP request (JSON) is the question; the
// protocol says that it succeeds.
import { setTimeout as sleep } from "node:timers/promises";

const ASK_LIMIT_MS = 1_500;
const ASK_AGAIN_MS = 3_000;

/** Undefined when the endpoint takes traces; otherwise what is wrong, in a few words. */
export async function askEndpoint(endpoint: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${endpoint.replace(/\/+$/, "")}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"resourceSpans":[]}',
      signal: AbortSignal.timeout(ASK_LIMIT_MS),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `it answers with status ${response.status}`;
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const { code, message } = cause as NodeJS.ErrnoException;
    return code ?? message;
  }
}

/** Warns once when nobody takes traces, and tells when somebody does. */
export async function watchEndpoint(
  endpoint: string,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  let problem = await askEndpoint(endpoint);
  if (problem === undefined) return;
  say(`WARNING: Clew does not answer at ${endpoint} (${problem}).`);
  say("The shop goes on; its traces wait, on the disk if need be. Start Clew with: npm start");
  while (problem !== undefined) {
    try {
      await sleep(ASK_AGAIN_MS, undefined, { signal });
    } catch {
      return;
    }
    problem = await askEndpoint(endpoint);
  }
  say(`Clew answers at ${endpoint} now; the traces that waited are on their way.`);
}
