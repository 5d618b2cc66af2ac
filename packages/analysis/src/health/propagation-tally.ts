// Calls between services whose server half is missing although the callee sends spans. Whom a lone client
// span called is known from calls that are whole and name the same peer, or from the peer's name itself.

import type { PropagationHealth } from "@clew/model";

interface Open {
  readonly traceId: string;
  readonly caller: string;
  readonly peer: string;
}

interface Pair {
  calls: number;
  broken: number;
  example: string | undefined;
}

const SEPARATOR = "\u0000";

export class PropagationTally {
  readonly #whole = new Map<string, Map<string, number>>();
  readonly #pairs = new Map<string, Pair>();
  readonly #open = new Map<string, Open & { count: number }>();

  /** A call with both halves. */
  addCall(caller: string, peer: string, callee: string): void {
    this.#pair(caller, callee).calls++;
    if (peer === "") return;
    const callees = this.#whole.get(peer) ?? new Map<string, number>();
    callees.set(callee, (callees.get(callee) ?? 0) + 1);
    this.#whole.set(peer, callees);
  }

  /** A client span without a server half. */
  addOpen(traceId: string, caller: string, peer: string): void {
    if (peer === "") return;
    const key = `${caller}${SEPARATOR}${peer}`;
    const known = this.#open.get(key);
    if (known === undefined) this.#open.set(key, { traceId, caller, peer, count: 1 });
    else known.count++;
  }

  /** `reporting`: services that sent spans. Consumes what was added. */
  report(reporting: ReadonlySet<string>): readonly PropagationHealth[] {
    for (const { traceId, caller, peer, count } of this.#open.values()) {
      const callee = this.#calleeOf(peer, reporting);
      if (callee === undefined || callee === caller) continue;
      const pair = this.#pair(caller, callee);
      pair.calls += count;
      pair.broken += count;
      pair.example ??= traceId;
    }
    this.#open.clear();
    const pairs = [...this.#pairs.entries()].map(([key, { calls, broken, example }]) => {
      const [caller = "", callee = ""] = key.split(SEPARATOR);
      const found = { caller, callee, calls, brokenCalls: broken };
      return example === undefined ? found : { ...found, exampleTraceId: example };
    });
    return pairs.sort(
      (a, b) =>
        b.brokenCalls - a.brokenCalls ||
        b.calls - a.calls ||
        (a.caller + a.callee < b.caller + b.callee ? -1 : 1),
    );
  }

  /** A peer that answers as several services (a load balancer) says nothing for certain. */
  #calleeOf(peer: string, reporting: ReadonlySet<string>): string | undefined {
    const callees = this.#whole.get(peer);
    if (callees !== undefined) return callees.size === 1 ? callees.keys().next().value : undefined;
    const host = peer.replace(/:\d+$/, "");
    if (reporting.has(host)) return host;
    const label = host.split(".")[0] ?? "";
    return reporting.has(label) ? label : undefined;
  }

  #pair(caller: string, callee: string): Pair {
    const key = `${caller}${SEPARATOR}${callee}`;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = { calls: 0, broken: 0, example: undefined };
      this.#pairs.set(key, pair);
    }
    return pair;
  }
}
