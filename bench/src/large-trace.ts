// One trace of any number of spans, sent as OTLP/HTTP JSON: a tree of calls between twelve services.

import { randomBytes } from "node:crypto";
import { Draw } from "./draw.ts";

const SPANS_A_REQUEST = 2000;
const SERVICES = 12;
/** A span's parent is one of the spans made shortly before: the tree is deep and wide. */
const PARENT_WITHIN = 60;
const MILLISECOND = 1_000_000;

interface Node {
  readonly id: string;
  readonly parent: string;
  readonly service: number;
  /** Nanoseconds after the trace's start. */
  readonly start: number;
  readonly duration: number;
}

function grow(count: number, draw: Draw): Node[] {
  const prefix = randomBytes(4).toString("hex");
  const idOf = (index: number): string => prefix + (index + 1).toString(16).padStart(8, "0");
  const nodes: Node[] = [
    { id: idOf(0), parent: "", service: 0, start: 0, duration: count * MILLISECOND },
  ];
  while (nodes.length < count) {
    const parent = nodes[Math.max(0, nodes.length - 1 - draw.below(PARENT_WITHIN))] as Node;
    const start = parent.start + Math.floor(parent.duration * 0.6 * draw.unit());
    const left = parent.start + parent.duration - start;
    nodes.push({
      id: idOf(nodes.length),
      parent: parent.id,
      service: draw.unit() < 0.5 ? parent.service : draw.below(SERVICES),
      start,
      duration: Math.max(1000, Math.floor(left * (0.3 + 0.65 * draw.unit()))),
    });
  }
  return nodes;
}

function attribute(key: string, value: string): object {
  return { key, value: { stringValue: value } };
}

function spanOf(node: Node, index: number, traceId: string, startNano: bigint): object {
  const start = startNano + BigInt(node.start);
  return {
    traceId,
    spanId: node.id,
    parentSpanId: node.parent,
    name: `step ${index % 40}`,
    kind: node.parent === "" ? 2 : 1,
    startTimeUnixNano: `${start}`,
    endTimeUnixNano: `${start + BigInt(node.duration)}`,
    attributes: [
      attribute("code.function.name", `library.step_${index % 40}`),
      attribute("app.shelf", `shelf-${index % 500}`),
      attribute("app.reader", `reader-${index % 9000}`),
      { key: "app.attempt", value: { intValue: String(index % 3) } },
    ],
    status: index % 97 === 0 ? { code: 2, message: "the shelf is empty" } : {},
  };
}

/** Sends the trace to an OTLP/HTTP receiver and resolves to its id. Throws when a request is refused. */
export async function sendLargeTrace(
  endpoint: string,
  spans: number,
  seed: number,
): Promise<string> {
  const traceId = randomBytes(16).toString("hex");
  const nodes = grow(spans, new Draw(seed));
  const startNano = BigInt(Date.now() - spans - 1000) * BigInt(MILLISECOND);
  for (let from = 0; from < nodes.length; from += SPANS_A_REQUEST) {
    const byService = new Map<number, object[]>();
    for (const [offset, node] of nodes.slice(from, from + SPANS_A_REQUEST).entries()) {
      const list = byService.get(node.service) ?? [];
      list.push(spanOf(node, from + offset, traceId, startNano));
      byService.set(node.service, list);
    }
    const resourceSpans = [...byService].map(([service, list]) => ({
      resource: { attributes: [attribute("service.name", `library-${service}`)] },
      scopeSpans: [{ scope: { name: "library" }, spans: list }],
    }));
    const answer = await fetch(`${endpoint}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ resourceSpans }),
    });
    if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  }
  return traceId;
}
