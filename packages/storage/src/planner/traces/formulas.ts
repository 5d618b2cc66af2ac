// Boolean formulas over the conditions of a query, kept small: about one span, and about a trace. The
// constructors drop what changes nothing.

export type OrderOperator = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** About one span. `condition` is a number of `Leaves`. */
export type SpanFormula =
  | { readonly kind: "every" }
  | { readonly kind: "condition"; readonly number: number }
  | { readonly kind: "isRoot" }
  | { readonly kind: "and" | "or"; readonly parts: readonly SpanFormula[] };

/** About a trace. `index`: what the trace index knows of it; durations are nanoseconds. */
export type TraceNeed =
  | { readonly kind: "always" }
  | { readonly kind: "exists"; readonly where: SpanFormula; readonly atLeast: number }
  | { readonly kind: "absent"; readonly where: SpanFormula }
  | {
      readonly kind: "index";
      readonly measure: "spans" | "duration";
      readonly operator: OrderOperator;
      readonly value: bigint | number;
    }
  | { readonly kind: "and" | "or"; readonly parts: readonly TraceNeed[] };

export const EVERY_SPAN: SpanFormula = { kind: "every" };
export const ALWAYS: TraceNeed = { kind: "always" };

export function allSpans(parts: readonly SpanFormula[]): SpanFormula {
  return joined("and", parts, "every");
}

export function anySpan(parts: readonly SpanFormula[]): SpanFormula {
  return parts.some(({ kind }) => kind === "every") ? EVERY_SPAN : joined("or", parts, "every");
}

export function allNeeds(parts: readonly TraceNeed[]): TraceNeed {
  const all = joined("and", parts, "always");
  if (all.kind !== "and") return all;
  const kept = all.parts.filter(
    (part, i) =>
      !all.parts.some(
        (other, j) => i !== j && entails(other, part) && (j < i || !entails(part, other)),
      ),
  );
  return joined("and", kept, "always");
}

/** Whether a need says all that another, different one says: each costs the engine a scan. */
function entails(more: TraceNeed, less: TraceNeed): boolean {
  if (more.kind !== "exists" || less.kind !== "exists") return false;
  return more.atLeast >= less.atLeast && isImplied(less.where, more.where);
}

export function anyNeed(parts: readonly TraceNeed[]): TraceNeed {
  return parts.some(({ kind }) => kind === "always") ? ALWAYS : joined("or", parts, "always");
}

export function exists(where: SpanFormula): TraceNeed {
  return where.kind === "every" ? ALWAYS : { kind: "exists", where, atLeast: 1 };
}

/** Whether two formulas are written alike. */
function isSame(a: SpanFormula | TraceNeed, b: SpanFormula | TraceNeed): boolean {
  return formulaKey(a) === formulaKey(b);
}

/** What a need says when all spans looked for are known to meet `result`. */
export function without(need: TraceNeed, result: SpanFormula): TraceNeed {
  if (need.kind === "exists" && need.atLeast === 1 && isImplied(need.where, result)) return ALWAYS;
  if (need.kind === "and") return allNeeds(need.parts.map((part) => without(part, result)));
  if (need.kind === "or") return anyNeed(need.parts.map((part) => without(part, result)));
  return need;
}

/** Whether a need looks at spans. */
export function looksAtSpans(need: TraceNeed): boolean {
  if (need.kind === "and" || need.kind === "or") return need.parts.some(looksAtSpans);
  return need.kind === "exists" || need.kind === "absent";
}

/** Whether a need looks at the trace index. */
export function looksAtIndex(need: TraceNeed): boolean {
  if (need.kind === "and" || need.kind === "or") return need.parts.some(looksAtIndex);
  return need.kind === "index";
}

/** Whether every span that meets `by` meets `formula`, as far as their shape tells. */
function isImplied(formula: SpanFormula, by: SpanFormula): boolean {
  if (isSame(formula, by)) return true;
  if (by.kind === "or") return by.parts.every((part) => isImplied(formula, part));
  if (formula.kind === "and") return formula.parts.every((part) => isImplied(part, by));
  if (formula.kind === "or" && formula.parts.some((part) => isImplied(part, by))) return true;
  return by.kind === "and" && by.parts.some((part) => isImplied(formula, part));
}

function joined<T extends SpanFormula | TraceNeed>(
  kind: "and" | "or",
  parts: readonly T[],
  neutral: "every" | "always",
): T {
  const flat = parts.flatMap((part) =>
    part.kind === kind ? ((part as { readonly parts?: unknown }).parts as readonly T[]) : [part],
  );
  const known = new Set<string>();
  const kept = flat.filter((part) => {
    const key = formulaKey(part);
    if (part.kind === neutral || known.has(key)) return false;
    known.add(key);
    return true;
  });
  if (kept.length === 0) return { kind: neutral } as T;
  return kept.length === 1 ? (kept[0] as T) : ({ kind, parts: kept } as unknown as T);
}

function formulaKey(formula: SpanFormula | TraceNeed): string {
  return JSON.stringify(formula, (_, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value,
  );
}
