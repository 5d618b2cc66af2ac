// The file of rates (`samplingFile`): YAML or JSON, read at the start and again when it changes. What is wrong in it
// is said with its line; the last good version counts until it is right again.

import { readFileSync, statSync } from "node:fs";
import { type RatesProblem, readRates, type SamplingRates } from "@clew/api";
import { ClewError } from "@clew/base";
import {
  type Document,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  type Scalar,
  visit,
} from "yaml";

const largestBytes = 32 * 1024 * 1024;
const lookEveryMs = 2000;

/** Reads the file. Raises `bad_config` that says the place of what is wrong. */
export function readRatesFile(path: string): SamplingRates {
  return ratesOf(readText(path), path);
}

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw wrong(
      `cannot read the file of sampling rates ${path}: ${(cause as Error).message}`,
      cause,
    );
  }
  if (bytes.length > largestBytes) throw wrong(`${path} has more than ${largestBytes} bytes`);
  return bytes.toString("utf8");
}

/** The rates in `text`; `file` is what errors call it. Raises `bad_config`. */
export function ratesOf(text: string, file: string): SamplingRates {
  const plain = plainJson(text);
  if (plain !== undefined) {
    const result = readRates(plain);
    if ("rates" in result) return result.rates;
  }
  const lines = new LineCounter();
  // The parser's own search for keys that come twice compares each with all: minutes for a hundred thousand services.
  const options = { lineCounter: lines, stringKeys: true, uniqueKeys: false };
  const document = parseDocument(text, options);
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0]);
    const reason = error.message.split("\n", 1)[0]?.replace(/ at line \d+, column \d+:$/, "") ?? "";
    throw wrong(`${file}:${line}: this is neither YAML nor JSON: ${reason}`);
  }
  const twice = keyThatComesTwice(document);
  if (twice !== undefined) {
    const { line } = lines.linePos(twice.range?.[0] ?? 0);
    throw wrong(`${file}:${line}: ${String(twice.value).slice(0, 80)} stands there twice`);
  }
  const result = readRates(document.toJS({ maxAliasCount: 100 }));
  if ("rates" in result) return result.rates;
  const texts = result.problems.map((problem) => placed(problem, document, lines, file));
  throw wrong(texts.join("\n"));
}

function keyThatComesTwice(document: Document.Parsed): Scalar | undefined {
  let found: Scalar | undefined;
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (keys.has(key.value)) {
          found = key;
          return visit.BREAK;
        }
        keys.add(key.value);
      }
      return undefined;
    },
  });
  return found;
}

/** JSON is YAML too, but reads fifty times faster by itself. */
function plainJson(text: string): unknown {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function placed(
  { path, message }: RatesProblem,
  document: Document.Parsed,
  lines: LineCounter,
  file: string,
): string {
  // The nearest place that exists: a value, or the map that it should be in.
  let at = [...path];
  while (at.length > 0 && !document.hasIn(at)) at = at.slice(0, -1);
  const node = at.length === 0 ? document.contents : document.getIn(at, true);
  const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  const name = path.map((part) => JSON.stringify(part.slice(0, 80)).slice(1, -1)).join(".");
  return `${file}:${lines.linePos(offset).line}: ${name === "" ? "the file" : name} ${message}`;
}

function wrong(message: string, cause?: unknown): ClewError {
  return new ClewError("bad_config", message, {
    cause,
    hint: "docs/apis/sampling.md shows what the file may say; CLEW_SAMPLING_FILE names it",
  });
}

/** What is told when the file has changed: its rates, or what is wrong with it. */
export type RatesNews = { readonly rates: SamplingRates } | { readonly error: string };

/** Looks at the file every two seconds and tells when it has changed; returns what ends that. */
export function watchRatesFile(path: string, tell: (news: RatesNews) => void): () => void {
  let last = mark(path);
  const timer = setInterval(() => {
    const now = mark(path);
    if (now === last) return;
    last = now;
    try {
      tell({ rates: readRatesFile(path) });
    } catch (thrown) {
      tell({ error: ClewError.from(thrown).message });
    }
  }, lookEveryMs).unref();
  return () => clearInterval(timer);
}

/** Changes when the file does; also when another one takes its place, as in Kubernetes. */
function mark(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "" : `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
}
