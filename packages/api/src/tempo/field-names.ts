// Names of attributes and intrinsics as Tempo's API has them: a tag in a path to a field of TraceQL, and a
// field to the bare key under which search answers show it.

import { ClewError } from "@clew/base";
import type { AttributeScope, FieldReference, IntrinsicName } from "@clew/traceql";

const intrinsics: ReadonlyMap<string, IntrinsicName> = new Map<string, IntrinsicName>([
  ["duration", "span:duration"],
  ["name", "span:name"],
  ["kind", "span:kind"],
  ["status", "span:status"],
  ["statusMessage", "span:statusMessage"],
  ["traceDuration", "trace:duration"],
  ["rootName", "trace:rootName"],
  ["rootServiceName", "trace:rootService"],
  ["root.service.name", "trace:rootService"],
  ["root.name", "trace:rootName"],
  ["span:duration", "span:duration"],
  ["span:name", "span:name"],
  ["span:kind", "span:kind"],
  ["span:status", "span:status"],
  ["span:statusMessage", "span:statusMessage"],
  ["span:id", "span:id"],
  ["span:parentID", "span:parentID"],
  ["span:childCount", "span:childCount"],
  ["trace:duration", "trace:duration"],
  ["trace:rootName", "trace:rootName"],
  ["trace:rootService", "trace:rootService"],
  ["trace:id", "trace:id"],
  ["event:name", "event:name"],
  ["event:timeSinceStart", "event:timeSinceStart"],
  ["link:traceID", "link:traceID"],
  ["link:spanID", "link:spanID"],
  ["instrumentation:name", "instrumentation:name"],
  ["instrumentation:version", "instrumentation:version"],
  ["nestedSetLeft", "nestedSetLeft"],
  ["nestedSetRight", "nestedSetRight"],
  ["nestedSetParent", "nestedSetParent"],
]);

const scoped = /^(span|resource|event|link|instrumentation)\.(.+)$/s;

/** The field of a tag such as `resource.service.name`, `.http.route` or `status`. Raises `bad_request`. */
export function fieldOfTag(tag: string): FieldReference {
  const at = { start: 0, end: tag.length };
  const intrinsic = intrinsics.get(tag);
  if (intrinsic !== undefined)
    return { kind: "intrinsic", owner: "self", name: intrinsic, text: tag, at };
  const [, scope, name] = scoped.exec(tag) ?? [];
  if (scope !== undefined && name !== undefined)
    return attribute(scope as AttributeScope, name, tag);
  if (tag.length > 1 && tag.startsWith(".")) return attribute("any", tag.slice(1), tag);
  throw new ClewError(
    "bad_request",
    `tag name is not valid intrinsic or scoped attribute: ${tag}`,
    {
      hint: "write a scope before an attribute's name, such as span.http.route, or only a dot",
    },
  );
}

/** The field of a tag in version 1 of the API, where any name without a scope is an attribute. */
export function fieldOfBareTag(tag: string): FieldReference {
  if (intrinsics.has(tag) || scoped.test(tag) || tag.startsWith(".")) return fieldOfTag(tag);
  return attribute("any", tag, `.${tag}`);
}

function attribute(scope: AttributeScope, written: string, text: string): FieldReference {
  const at = { start: 0, end: text.length };
  return { kind: "attribute", owner: "self", scope, name: unquoted(written), text, at };
}

/** `"a b".c` is `a b.c`. */
function unquoted(name: string): string {
  return name.replaceAll(/"((?:[^"\\]|\\.)*)"/gs, (_, inside: string) =>
    inside.replaceAll(/\\(["\\])/g, "$1"),
  );
}

const shownElsewhere: ReadonlySet<IntrinsicName> = new Set<IntrinsicName>([
  "span:name",
  "span:duration",
  "span:id",
  "trace:duration",
  "trace:rootName",
  "trace:rootService",
  "trace:id",
]);

const unscopedNames: Readonly<Partial<Record<IntrinsicName, string>>> = {
  "span:status": "status",
  "span:kind": "kind",
  "span:statusMessage": "statusMessage",
};

/** Key of a field in a search answer: without its scope. Undefined for what the answer shows anyway. */
export function bareName(reference: string): string | undefined {
  const intrinsic = intrinsics.get(reference);
  if (intrinsic !== undefined) {
    if (shownElsewhere.has(intrinsic)) return undefined;
    return unscopedNames[intrinsic] ?? intrinsic;
  }
  const [, , name] = scoped.exec(reference) ?? [];
  if (name !== undefined) return unquoted(name);
  return unquoted(reference.startsWith(".") ? reference.slice(1) : reference);
}
