// What `clew verify` says: lines for people, JSON for programs, JUnit XML for continuous integration.

import { oneLine } from "@clew/base";
import type { InteractionResult } from "./run-interaction.ts";

const MAX_MESSAGE = 400;

export function findingCount(result: InteractionResult): number {
  return result.traces.reduce((sum, { findings }) => sum + findings.length, result.findings.length);
}

/** Lines of one interaction. */
export function reportText(result: InteractionResult): string {
  const count = findingCount(result);
  const seconds = result.seconds.toFixed(1);
  const traces = result.traces.length === 1 ? "1 trace" : `${result.traces.length} traces`;
  if (count === 0) return `ok    ${oneLine(result.name)} (${traces}, ${seconds} s)\n`;
  const lines = [`FAIL  ${oneLine(result.name)}: ${count} findings in ${traces} (${seconds} s)`];
  for (const { kind, message } of result.findings)
    lines.push(`      ${kind}: ${oneLine(message, MAX_MESSAGE)}`);
  for (const { findings, url } of result.traces) {
    if (findings.length === 0) continue;
    for (const { kind, message } of findings)
      lines.push(`      ${kind}: ${oneLine(message, MAX_MESSAGE)}`);
    lines.push(`        ${url}`);
  }
  return `${lines.join("\n")}\n`;
}

export function reportJson(results: readonly InteractionResult[]): string {
  const interactions = results.map(({ name, seconds, findings, traces }) => ({
    name,
    seconds,
    ok: [...findings, ...traces.flatMap((trace) => trace.findings)].length === 0,
    findings,
    traces: traces.map(({ traceId, url, facts, findings: found }) => ({
      traceId,
      url,
      spans: facts.spans.length,
      findings: found,
    })),
  }));
  return `${JSON.stringify({ interactions }, undefined, 2)}\n`;
}

/** JUnit XML: a test case an interaction, a failure a finding. */
export function junitXml(results: readonly InteractionResult[]): string {
  const failed = results.filter((result) => findingCount(result) > 0).length;
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0).toFixed(3);
  const cases = results.map(testCase).join("");
  const counts = `tests="${results.length}" failures="${failed}" time="${seconds}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n  <testsuite name="clew verify" ${counts}>\n${cases}  </testsuite>\n</testsuites>\n`;
}

function testCase(result: InteractionResult): string {
  const head = `    <testcase classname="clew verify" name="${xml(result.name)}" time="${result.seconds.toFixed(3)}"`;
  if (findingCount(result) === 0) return `${head}/>\n`;
  const own = result.findings.map(({ kind, message }) => failure(kind, message, ""));
  const ofTraces = result.traces.flatMap(({ findings, url }) =>
    findings.map(({ kind, message }) => failure(kind, message, url)),
  );
  return `${head}>\n${[...own, ...ofTraces].join("")}    </testcase>\n`;
}

function failure(kind: string, message: string, url: string): string {
  return `      <failure type="${xml(kind)}" message="${xml(message)}">${xml(url)}</failure>\n`;
}

/** XML 1.0 has no way to write most control characters: they are left out. */
function xml(text: string): string {
  return text
    .slice(0, 2000)
    .toWellFormed()
    .replace(NOT_IN_XML, "")
    .replace(/[&<>"\n]/g, (char) => escapes[char] ?? char);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
};
