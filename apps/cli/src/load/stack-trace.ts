// Invented stack traces in the manner of each language, for exception events.

import type { Random } from "./random.ts";
import type { Language } from "./service.ts";

const parts = [
  "Store",
  "Client",
  "Handler",
  "Pool",
  "Session",
  "Planner",
  "Codec",
  "Dispatcher",
  "Loader",
];
const verbs = [
  "open",
  "fetch",
  "commit",
  "resolve",
  "write",
  "acquire",
  "apply",
  "flush",
  "decode",
];

function any(list: readonly string[], random: Random): string {
  return list[random.below(list.length)] ?? "";
}

function frame(language: Language, service: string, random: Random): string {
  const part = any(parts, random);
  const verb = any(verbs, random);
  const line = 10 + random.below(700);
  switch (language) {
    case "java":
      return `\tat com.quaybooks.${service.replaceAll("-", "")}.${part}.${verb}(${part}.java:${line})`;
    case "nodejs":
      return `    at async ${part}.${verb} (/srv/${service}/dist/${part.toLowerCase()}.js:${line}:${random.below(80)})`;
    case "python":
      return `  File "/srv/${service}/${part.toLowerCase()}.py", line ${line}, in ${verb}\n    return await self._${verb}(request)`;
    case "dotnet":
      return `   at Quaybooks.${part}.${verb}Async(CancellationToken token) in /src/${part}.cs:line ${line}`;
    case "go":
      return `quaybooks.example/${service}/${part.toLowerCase()}.(*${part}).${verb}(0xc000${random.next().toString(16)})\n\t/src/${part.toLowerCase()}.go:${line} +0x${random.below(999)}`;
  }
}

/** Text of `exception.stacktrace`: 6 to 18 frames; `message` may hold placeholders. */
export function stackTrace(
  language: Language,
  service: string,
  exception: string,
  message: string,
  random: Random,
): string {
  const frames = Array.from({ length: 6 + random.below(13) }, () =>
    frame(language, service, random),
  );
  if (language === "go") return ["goroutine {d5} [running]:", ...frames].join("\n");
  const title = `${exception}: ${message}`;
  if (language === "python")
    return ["Traceback (most recent call last):", ...frames, title].join("\n");
  return [title, ...frames].join("\n");
}
