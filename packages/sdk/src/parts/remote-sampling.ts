// Part: rates of sampling that a backend says, in the format of Jaeger's remote sampling (`GET /sampling?service=x`:
// probabilistic, rateLimiting, perOperation), which Clew and Jaeger's collectors answer.

import type { IncomingMessage } from "node:http";
// Not the global ones, which test runners and DOM shims replace by such as know no `unref`.
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import type { ExportSettings, Settings } from "../config/settings.ts";
import { certificates, loadHttp } from "../deliver/http-request.ts";
import { detectResource } from "../resource/detect.ts";
import type { Candidate, Sampler } from "../sample/sampler.ts";
import { alwaysOn } from "../sample/simple-samplers.ts";
import { samplerOfStrategy, share } from "../sample/strategy.ts";
import { SUPPRESSED, storage } from "../trace/context.ts";
import { SDK_VERSION } from "../version.ts";

const DEFAULT_POLL_MS = 60_000;
/** While nobody has answered yet: doubled up to the usual interval. */
const FIRST_RETRY_MS = 1000;
const LEAST_POLL_MS = 100;
const MOST_POLL_MS = 86_400_000;
/** Intervals vary by this share, so that processes that began together do not go on asking together. */
const JITTER = 0.1;
const TIMEOUT_MS = 5000;
/** Ten thousand operations are less than two megabytes. */
const LARGEST_ANSWER = 8 * 1024 * 1024;

/** Endpoint, interval and first share from OTEL_TRACES_SAMPLER_ARG, `endpoint=...,pollingIntervalMs=...,initialSamplingRate=...`. */
function readArgument(text: string): { url: string | undefined; pollMs: number; first: Sampler } {
  const pairs = new Map(
    text.split(",").map((part) => {
      const equals = part.indexOf("=");
      return [part.slice(0, equals).trim(), part.slice(equals + 1).trim()] as const;
    }),
  );
  const pollMs = Number(pairs.get("pollingIntervalMs"));
  return {
    url: pairs.get("endpoint"),
    pollMs: pollMs > 0 ? Math.min(MOST_POLL_MS, Math.max(LEAST_POLL_MS, pollMs)) : DEFAULT_POLL_MS,
    first: share(Number(pairs.get("initialSamplingRate") ?? 1)) ?? alwaysOn,
  };
}

/** Where rates are asked for unless it is said: where spans are sent to, then Jaeger's port on that machine. */
export function usualUrls(tracesUrl: string): string[] {
  const url = URL.canParse(tracesUrl) ? new URL(tracesUrl) : new URL("http://localhost:4318");
  const base = url.pathname.endsWith("/v1/traces")
    ? url.pathname.slice(0, -"/v1/traces".length)
    : "";
  return [`${url.origin}${base}/sampling`, `http://${url.hostname}:5778/sampling`];
}

/** Asks for a service's rates and follows them. */
class RemoteSampler implements Sampler {
  readonly #urls: readonly string[];
  readonly #pollMs: number;
  readonly #service: string;
  readonly #export: ExportSettings;
  readonly #complain: (text: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #isStopped = false;
  /** The last answer and where it came from. */
  #answer = "";
  #from: string | undefined;
  #sampler: Sampler;

  constructor(settings: Settings, complain: (text: string) => void) {
    const { url, pollMs, first } = readArgument(settings.samplerArgument);
    this.#urls = url === undefined ? usualUrls(settings.export.url) : [url];
    this.#pollMs = pollMs;
    this.#export = settings.export;
    this.#service = String(detectResource(settings)["service.name"]);
    this.#complain = complain;
    this.#sampler = first;
    storage.run(SUPPRESSED, () => void setImmediate(() => void this.#poll()).unref());
  }

  async #poll(): Promise<void> {
    const problems: string[] = [];
    // The one that answered last is asked first, and the others only when it does not.
    const urls = new Set([...(this.#from === undefined ? [] : [this.#from]), ...this.#urls]);
    let isKnown = false;
    for (const url of urls) {
      const problem = await this.#ask(url);
      isKnown = problem === undefined;
      if (isKnown) break;
      problems.push(`${url}: ${problem}`);
    }
    if (!isKnown) {
      const meanwhile =
        this.#from === undefined ? "the initial rate counts" : "the last ones count";
      this.#complain(`sampling rates cannot be had, ${meanwhile}: ${problems.join("; ")}`);
    }
    this.#again(isKnown);
  }

  #again(isKnown: boolean): void {
    if (this.#isStopped) return;
    const first = !isKnown && this.#from === undefined;
    const waitMs = first ? Math.min(this.#retryMs, this.#pollMs) : this.#pollMs;
    if (first) this.#retryMs *= 2;
    const jittered = waitMs * (1 - JITTER + 2 * JITTER * Math.random());
    this.#timer = setTimeout(() => void this.#poll(), jittered).unref();
  }

  /** Asks one URL and takes its rates; gives what is wrong, if anything is. */
  async #ask(url: string): Promise<string | undefined> {
    try {
      const answer = await get(
        `${url}?service=${encodeURIComponent(this.#service.toWellFormed())}`,
        this.#export,
      );
      if (answer === this.#answer)
        this.#from = url; // a rate limit goes on counting
      else {
        const sampler = samplerOfStrategy(JSON.parse(answer) as unknown);
        if (sampler === undefined) return "the answer is no sampling strategy";
        this.#answer = answer;
        this.#from = url;
        this.#sampler = sampler;
      }
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  decide(candidate: Candidate): number {
    return this.#sampler.decide(candidate);
  }

  toString(): string {
    const place =
      this.#from === undefined
        ? `no answer from ${this.#urls.join(" or ")} yet`
        : `from ${this.#from}`;
    return `remote(${place}: ${this.#sampler.toString()})`;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}

/** The text at `url`, asked for as spans are sent: with the same headers and certificates. */
function get(url: string, settings: ExportSettings): Promise<string> {
  const headers = { "user-agent": `clew-sdk/${SDK_VERSION}` };
  // Headers may be secrets, which nobody gets but the one who gets the spans.
  const own = new URL(url).origin === new URL(settings.url).origin;
  return new Promise((resolve, reject) => {
    const { request: start } = loadHttp(url);
    const options = own
      ? { headers: { ...headers, ...settings.headers }, ...certificates(settings) }
      : { headers };
    const request = start(url, options, (response) => {
      readText(response).then(resolve, reject);
    });
    const deadline = setTimeout(() => {
      request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`));
    }, TIMEOUT_MS).unref();
    request.on("socket", (socket) => socket.unref());
    request.on("error", reject);
    request.on("close", () => clearTimeout(deadline));
    request.end();
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) {
    response.resume();
    throw new Error(`status ${response.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_ANSWER) throw new Error("the answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A sampler that follows the backend's rates. */
export function remoteSampler(settings: Settings, complain: (text: string) => void): Sampler {
  return new RemoteSampler(settings, complain);
}
