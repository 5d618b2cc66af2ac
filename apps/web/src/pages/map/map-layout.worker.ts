// Places the nodes of the service map off the main thread: dagre's layered layout, left to right.

import { Graph, layout } from "@dagrejs/dagre";

export interface MapLayoutRequest {
  readonly id: number;
  readonly nodes: readonly string[];
  readonly edges: readonly (readonly [string, string])[];
  readonly width: number;
  readonly height: number;
}

export interface MapLayoutAnswer {
  readonly id: number;
  /** Top left corner of each node, in the order asked. */
  readonly positions: readonly { readonly x: number; readonly y: number }[];
}

const scope = self as unknown as {
  onmessage: (event: MessageEvent<MapLayoutRequest>) => void;
  postMessage(answer: MapLayoutAnswer): void;
};

scope.onmessage = ({ data }) => {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 40, ranksep: 150, edgesep: 24 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of data.nodes) graph.setNode(node, { width: data.width, height: data.height });
  for (const [source, target] of data.edges) if (source !== target) graph.setEdge(source, target);
  layout(graph);
  scope.postMessage({
    id: data.id,
    positions: data.nodes.map((name) => {
      const node = graph.node(name) as { x: number; y: number };
      return { x: node.x - data.width / 2, y: node.y - data.height / 2 };
    }),
  });
};
