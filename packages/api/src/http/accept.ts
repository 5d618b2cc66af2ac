// Content negotiation by RFC 9110: Accept and Accept-Encoding are lists of names with q-values.

/** Weight of each name in an Accept-like header, lower case, other parameters dropped; a broken q counts as 0. */
export function acceptWeights(header: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(",")) {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim());
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    if (name !== "") weights.set(name, Number.isFinite(weight) ? weight : 0);
  }
  return weights;
}

/**
 * The media type to answer with: the offered one the client weighs highest, the first of `offered` when it
 * names none of them (a browser that opens a link asks for HTML, and is better served with JSON than refused).
 */
export function negotiateType<T extends string>(
  accept: string | undefined,
  offered: readonly [T, ...T[]],
): T {
  const weights = acceptWeights(accept ?? "*/*");
  const weightOf = (type: string): number =>
    weights.get(type) ?? weights.get(`${type.split("/", 1)[0]}/*`) ?? weights.get("*/*") ?? 0;
  let best: T = offered[0];
  for (const type of offered) if (weightOf(type) > weightOf(best)) best = type;
  return best;
}
