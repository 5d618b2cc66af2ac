// Cuts a service map to the size that can be laid out and read.

import type { ServiceMap } from "@clew/model";

/** The map itself, or the `maxNodes` busiest nodes with the edges among them. Edges to unknown nodes are dropped. */
export function cutMap(map: ServiceMap, maxNodes: number): ServiceMap {
  const traffic = new Map(map.nodes.map((node) => [node.id, 0]));
  for (const edge of map.edges) {
    for (const id of [edge.source, edge.target]) {
      const known = traffic.get(id);
      if (known !== undefined) traffic.set(id, known + edge.count);
    }
  }
  const busiest = [...traffic].sort((a, b) => b[1] - a[1]).slice(0, maxNodes);
  const kept = new Set(busiest.map(([id]) => id));
  return {
    nodes: map.nodes.filter((node) => kept.has(node.id)),
    edges: map.edges.filter((edge) => kept.has(edge.source) && kept.has(edge.target)),
  };
}
