// Fields to offer: what every span has first, then the attributes that occur, the most used of them first.

import type { TagNames } from "@clew/model";
import { attributeText } from "../../../query/filter-text.ts";
import type { Suggestion } from "../../../ui/combobox.tsx";

const intrinsics: readonly Suggestion[] = [
  { value: "resource.service.name", note: "service" },
  { value: "name", note: "of the span" },
  { value: "duration", note: "of the span" },
  { value: "status", note: "ok, error, unset" },
  { value: "kind", note: "server, client…" },
  { value: "statusMessage", note: "of the span" },
  { value: "rootServiceName", note: "of the trace" },
  { value: "rootName", note: "of the trace" },
  { value: "traceDuration", note: "of the trace" },
];

export function fieldSuggestions(names: readonly TagNames[], typed: string): readonly Suggestion[] {
  const found = names
    .filter(({ scope }) => scope !== "intrinsic")
    .flatMap(({ scope, names: all }) =>
      all.map((name) => ({ value: attributeText(scope as "span", name), note: scope })),
    )
    .filter(({ value }) => value !== "resource.service.name");
  const all: readonly Suggestion[] = [...intrinsics, ...found];
  if (all.some(({ value }) => value === typed)) return all;
  const wanted = typed.toLowerCase();
  return all.filter(({ value }) => value.toLowerCase().includes(wanted));
}
