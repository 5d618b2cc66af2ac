// A sampler for each operation. Names are looked up as they are when a span begins; requests that a server takes
// get their route later, so that operations such as `GET /users/:id` are found by method and path.

import type { SpanKind } from "@opentelemetry/api";
import type { Candidate, Sampler } from "./sampler.ts";

const SERVER: SpanKind = 1;
/** Names of server spans as the HTTP conventions make them: method, space, route. */
const ROUTED = /^([A-Z]+) (\/.*)$/;
/** Segments that stand for any text: `:id`, `{id}`, `[id]`, `$id`, `*`. */
const PARAMETER = /^[:{[$*]/;
const MOST_SEGMENTS = 64;

/** Routes by their segments. */
class RouteNode {
  readonly #named = new Map<string, RouteNode>();
  #any: RouteNode | undefined;
  /** For a route that ends here. */
  #sampler: Sampler | undefined;
  /** For all that is below, of a route that ends with `*`. */
  #rest: Sampler | undefined;

  add(segments: readonly string[], sampler: Sampler, at = 0): void {
    const segment = segments[at];
    if (segment === undefined) this.#sampler = sampler;
    else if (segment.startsWith("*") && at === segments.length - 1) this.#rest = sampler;
    else this.#child(segment).add(segments, sampler, at + 1);
  }

  #child(segment: string): RouteNode {
    if (PARAMETER.test(segment)) {
      this.#any ??= new RouteNode();
      return this.#any;
    }
    let child = this.#named.get(segment);
    if (child === undefined) {
      child = new RouteNode();
      this.#named.set(segment, child);
    }
    return child;
  }

  /** Plain segments go before parameters, those before the rest. */
  find(segments: readonly string[], at = 0): Sampler | undefined {
    const segment = segments[at];
    if (segment === undefined) return this.#sampler;
    return (
      this.#named.get(segment)?.find(segments, at + 1) ??
      (segment === "" ? undefined : this.#any?.find(segments, at + 1)) ??
      this.#rest
    );
  }
}

function segmentsOf(path: string): string[] {
  return path.slice(1).split("/", MOST_SEGMENTS);
}

/** A sampler that asks the one of the operation, and `otherwise` where it has none. */
export function perOperation(samplers: ReadonlyMap<string, Sampler>, otherwise: Sampler): Sampler {
  const routes = new Map<string, RouteNode>();
  for (const [name, sampler] of samplers) {
    const [, method, route] = ROUTED.exec(name) ?? [];
    if (method === undefined || route === undefined) continue;
    const node = routes.get(method) ?? new RouteNode();
    routes.set(method, node);
    node.add(segmentsOf(route), sampler);
  }
  const byRoute = (candidate: Candidate): Sampler | undefined => {
    const node = candidate.kind === SERVER ? routes.get(candidate.name) : undefined;
    // Attributes are made only where a route might fit.
    const path = node === undefined ? undefined : candidate.attributes()["url.path"];
    return typeof path === "string" ? node?.find(segmentsOf(path)) : undefined;
  };
  return {
    decide: (candidate) =>
      (byRoute(candidate) ?? samplers.get(candidate.name) ?? otherwise).decide(candidate),
    toString: () => `per_operation(${samplers.size}, ${otherwise.toString()})`,
  };
}
