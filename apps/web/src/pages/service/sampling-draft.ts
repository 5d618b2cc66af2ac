// How a service is sampled, as the form on its page holds it: one of four modes and a number as text.

import type { SamplingSource, ServiceSampling } from "@clew/model";
import { formatRate, formatShare } from "../../format/number.ts";

export const samplingModes = ["all", "share", "limit", "target"] as const;
export type SamplingMode = (typeof samplingModes)[number];

export interface SamplingDraft {
  readonly mode: SamplingMode;
  /** Per cent, traces or requests a second; of no meaning for `all`. */
  readonly text: string;
}

/** What each mode is called, and the unit of its number. */
export const modeTexts: Readonly<Record<SamplingMode, { label: string; unit: string }>> = {
  all: { label: "Keep everything", unit: "" },
  share: { label: "Keep a share", unit: "% of the traces" },
  limit: { label: "Limit each process", unit: "traces a second" },
  target: { label: "Aim at a rate", unit: "requests a second, of the whole service" },
};

function number(value: number): string {
  return String(Number(value.toPrecision(10)));
}

/** The draft that says what is so now. */
export function draftOf(sampling: ServiceSampling): SamplingDraft {
  const { probability = 1, tracesPerSecond, targetPerSecond } = sampling;
  if (tracesPerSecond !== undefined) return { mode: "limit", text: number(tracesPerSecond) };
  if (targetPerSecond !== undefined) return { mode: "target", text: number(targetPerSecond) };
  if (probability === 1) return { mode: "all", text: "" };
  return { mode: "share", text: number(probability * 100) };
}

export type SamplingChange = { readonly sampling: ServiceSampling } | { readonly problem: string };

/** What to set for a draft. What else was said of the service stays where it goes with the mode. */
export function changeOf(draft: SamplingDraft, before: ServiceSampling): SamplingChange {
  const kept = before.operations === undefined ? {} : { operations: before.operations };
  if (draft.mode === "all") return { sampling: { probability: 1, ...kept } };
  const value = draft.text.trim() === "" ? Number.NaN : Number(draft.text);
  if (draft.mode === "share") {
    if (!(value >= 0 && value <= 100)) return { problem: "A share is 0 to 100 %." };
    return { sampling: { probability: Number((value / 100).toPrecision(12)), ...kept } };
  }
  if (draft.mode === "limit") {
    if (!Number.isInteger(value) || value < 1 || value >= 2 ** 31)
      return { problem: "A limit is a whole number of traces, at least 1." };
    return { sampling: { tracesPerSecond: value } };
  }
  if (!(value > 0 && value <= 1_000_000))
    return { problem: "A rate to aim at is above 0, at most a million." };
  const { minProbability, maxProbability, initialProbability, perOperation } = before;
  const bounds = { minProbability, maxProbability, initialProbability, perOperation };
  const said = Object.entries(bounds).filter(([, one]) => one !== undefined);
  return { sampling: { targetPerSecond: value, ...Object.fromEntries(said), ...kept } };
}

const sourceTexts: Readonly<Record<SamplingSource, string>> = {
  api: "set here",
  file: "from the file of rates",
  "api default": "the default, set through the API",
  "file default": "the default of the file of rates",
  "built in": "nothing is said about it",
};

/** What is said of the service in one line: `Keeps 10% of the traces (set here)`. */
export function ruleText(
  sampling: ServiceSampling,
  source: SamplingSource,
  probability: number | undefined,
): string {
  const { tracesPerSecond, targetPerSecond } = sampling;
  const said = sourceTexts[source];
  if (tracesPerSecond !== undefined)
    return `At most ${formatRate(tracesPerSecond)} in each process (${said})`;
  const share = probability === 1 ? "everything" : `${formatShare(probability ?? 1)} of the traces`;
  if (targetPerSecond === undefined) return `Keeps ${share} (${said})`;
  const each = sampling.perOperation === true ? " of each operation" : "";
  return `Aims at ${formatRate(targetPerSecond)}${each}, keeps ${share} now (${said})`;
}
