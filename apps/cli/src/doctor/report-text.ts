// The doctor's report: lines for people, JSON for programs.

import { oneLine } from "@clew/base";
import type { Finding, Level, Section } from "./finding.ts";

const MARKS: Readonly<Record<Level, string>> = {
  ok: "ok     ",
  note: "note   ",
  problem: "PROBLEM",
};
const MAX_MESSAGE = 600;

export function problemCount(sections: readonly Section[]): number {
  return sections.flatMap(({ findings }) => findings).filter(({ level }) => level === "problem")
    .length;
}

function findingLines({ level, message, hint }: Finding): string[] {
  const line = `  ${MARKS[level]} ${oneLine(message, MAX_MESSAGE)}`;
  return hint === undefined ? [line] : [line, `          -> ${oneLine(hint, MAX_MESSAGE)}`];
}

function settingLines(settings: Section["settings"] = []): string[] {
  const width = Math.max(0, ...settings.map(({ name }) => name.length));
  return settings.map(
    ({ name, value, from }) => `    ${name.padEnd(width)}  ${oneLine(value, 120)}  (${from})`,
  );
}

export function doctorText(sections: readonly Section[]): string {
  const lines = sections.flatMap((section) => [
    section.title,
    ...section.findings.flatMap(findingLines),
    ...settingLines(section.settings),
    "",
  ]);
  const count = problemCount(sections);
  const verdict = count === 0 ? "all is well" : count === 1 ? "1 problem" : `${count} problems`;
  return `${lines.join("\n")}\n${verdict}\n`;
}

export function doctorJson(sections: readonly Section[]): string {
  return `${JSON.stringify({ ok: problemCount(sections) === 0, sections }, undefined, 2)}\n`;
}
