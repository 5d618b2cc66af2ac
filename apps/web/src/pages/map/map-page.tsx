// /map: who calls whom, how often, and where it fails.

import type { ServiceEdge, ServiceMap, ServiceNode } from "@clew/model";
import {
  Controls,
  type Edge,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from "@xyflow/react";
import { type ReactElement, useEffect, useMemo, useState } from "react";
import "@xyflow/react/dist/style.css";
import { oneLine } from "@clew/base";
import { useServiceMap } from "../../api/queries.ts";
import { formatRate, formatShare } from "../../format/number.ts";
import { navigate } from "../../router/location.ts";
import { useRange } from "../../router/range-clock.ts";
import { printRoute, type RouteParams } from "../../router/routes.ts";
import { isDark, useThemeVersion } from "../../theme/theme.ts";
import { cx } from "../../ui/cx.ts";
import { Icon } from "../../ui/icon.tsx";
import { EmptyState, ErrorState, Loading, Progress } from "../../ui/states.tsx";
import { cutMap } from "./cut-map.ts";
import styles from "./map.module.css";
import type { MapLayoutAnswer, MapLayoutRequest } from "./map-layout.worker.ts";

const nodeWidth = 190;
const nodeHeight = 46;
/** More nodes than this are neither laid out in time nor read; the busiest stay. */
const maxNodes = 250;
/** From this share of failed calls on an edge or a node is drawn as failing. */
const failingShare = 0.01;

interface NodeData extends Record<string, unknown> {
  readonly node: ServiceNode;
  readonly rate: number;
  readonly errorRate: number;
}

type MapNode = Node<NodeData, "clew">;

export default function MapPage({ params }: { params: RouteParams<"map"> }): ReactElement {
  const query = useServiceMap(useRange());
  if (query.isPending) return <Loading lines={10} label="Loading the map" />;
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data.nodes.length === 0) {
    return (
      <EmptyState title="No calls in this time range">
        The map draws an arrow for every pair of services where one called the other.
      </EmptyState>
    );
  }
  return (
    <>
      <title>Service map · Clew</title>
      <Progress active={query.isFetching} />
      <MapCanvas map={query.data} params={params} />
    </>
  );
}

function MapCanvas({ map, params }: { map: ServiceMap; params: RouteParams<"map"> }): ReactElement {
  useThemeVersion();
  const { from, to } = params;
  const shown = useMemo(() => cutMap(map, maxNodes), [map]);
  const positions = useLayout(shown);
  const nodes = useMemo(
    () => (positions === undefined ? [] : flowNodes(shown, positions)),
    [shown, positions],
  );
  const edges = useMemo(() => flowEdges(shown), [shown]);
  const openNode = (node: ServiceNode): void => {
    if (node.type === "service") return navigate(printRoute("service", node.name, { from, to }));
    const caller = shown.edges.find((edge) => edge.target === node.id)?.source;
    navigate(
      printRoute("search", undefined, {
        from,
        to,
        ...(caller === undefined ? {} : { service: caller }),
        kind: node.type === "messaging" ? "producer" : "client",
      }),
    );
  };
  if (positions === undefined) return <Loading lines={10} label="Laying out the map" />;
  return (
    <div className={styles.canvas}>
      <div className={styles.note}>
        <span>
          <Icon name="service" size={13} /> service
        </span>
        <span>
          <Icon name="database" size={13} /> database
        </span>
        <span>
          <Icon name="messaging" size={13} /> messaging
        </span>
        <span>
          <Icon name="external" size={13} /> external
        </span>
        {map.nodes.length > shown.nodes.length && (
          <span>
            the busiest {shown.nodes.length} of {map.nodes.length}
          </span>
        )}
      </div>
      <ReactFlow
        key={positions.length}
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        colorMode={isDark() ? "dark" : "light"}
        fitView
        fitViewOptions={{ maxZoom: 1.1, padding: 0.12 }}
        minZoom={0.15}
        maxZoom={2}
        nodesConnectable={false}
        deleteKeyCode={null}
        onNodeClick={(_, node) => openNode(node.data.node)}
        onEdgeClick={(_, edge) =>
          navigate(
            printRoute("search", undefined, { from, to, service: edge.source, kind: "client" }),
          )
        }
      >
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

function MapNodeView({ data: { node, rate, errorRate } }: NodeProps<MapNode>): ReactElement {
  return (
    <div
      className={cx(
        styles.node,
        node.type === "service" && styles.service,
        errorRate >= failingShare && styles.failing,
      )}
      title={oneLine(node.name, 300)}
    >
      <Handle
        type="target"
        position={Position.Left}
        className={styles.handle}
        isConnectable={false}
      />
      <Icon name={node.type} size={18} label={node.type} />
      <div className={styles.nodeText}>
        <bdi>{oneLine(node.name, 60)}</bdi>
        <small>
          {rate > 0 ? formatRate(rate) : "entry"}
          {errorRate > 0 && <span className={styles.bad}> · {formatShare(errorRate)} errors</span>}
        </small>
      </div>
      <Handle
        type="source"
        position={Position.Right}
        className={styles.handle}
        isConnectable={false}
      />
    </div>
  );
}

const nodeTypes = { clew: MapNodeView };

function flowNodes(
  { nodes, edges }: ServiceMap,
  positions: MapLayoutAnswer["positions"],
): MapNode[] {
  return nodes.map((node, i) => {
    const incoming = edges.filter((edge) => edge.target === node.id);
    const sum = (pick: (edge: ServiceEdge) => number): number =>
      incoming.reduce((total, edge) => total + pick(edge), 0);
    const count = sum((edge) => edge.count);
    return {
      id: node.id,
      type: "clew",
      position: positions[i] ?? { x: 0, y: 0 },
      data: {
        node,
        rate: sum((edge) => edge.ratePerSecond),
        errorRate: count > 0 ? sum((edge) => edge.errorCount) / count : 0,
      },
      ariaLabel: `${node.type} ${oneLine(node.name, 100)}`,
    };
  });
}

function flowEdges({ edges }: ServiceMap): Edge[] {
  const busiest = Math.max(1e-9, ...edges.map((edge) => edge.ratePerSecond));
  return edges.map((edge) => {
    const errorRate = edge.count > 0 ? edge.errorCount / edge.count : 0;
    const failing = errorRate >= failingShare;
    const colour = failing ? "var(--error)" : "var(--border-strong)";
    const share = Math.log1p(edge.ratePerSecond) / Math.log1p(busiest);
    return {
      id: JSON.stringify([edge.source, edge.target]),
      source: edge.source,
      target: edge.target,
      label: `${formatRate(edge.ratePerSecond)}${errorRate > 0 ? ` · ${formatShare(errorRate)} errors` : ""}`,
      ...(failing ? { className: "failing" } : {}),
      labelBgPadding: [5, 3],
      labelBgBorderRadius: 4,
      style: {
        stroke: colour,
        strokeWidth: 1 + 2 * share,
        ...(failing ? { strokeDasharray: "6 3" } : {}),
      },
      markerEnd: { type: MarkerType.ArrowClosed, color: colour, width: 14, height: 14 },
    };
  });
}

/** Positions from the worker; undefined until they are there. */
function useLayout(map: ServiceMap): MapLayoutAnswer["positions"] | undefined {
  const [answer, setAnswer] = useState<{
    shape: string;
    positions: MapLayoutAnswer["positions"];
  }>();
  // Rates change with every refresh, the shape seldom: nodes must not jump when it did not.
  const shape = JSON.stringify([
    map.nodes.map((node) => node.id),
    map.edges.map((edge) => [edge.source, edge.target]),
  ]);
  useEffect(() => {
    const worker = new Worker(new URL("./map-layout.worker.ts", import.meta.url), {
      type: "module",
    });
    worker.onmessage = ({ data }: MessageEvent<MapLayoutAnswer>) =>
      setAnswer({ shape, positions: data.positions });
    const [nodes, edges] = JSON.parse(shape) as [string[], [string, string][]];
    worker.postMessage({
      id: 0,
      nodes,
      edges,
      width: nodeWidth,
      height: nodeHeight,
    } satisfies MapLayoutRequest);
    return () => worker.terminate();
  }, [shape]);
  return answer?.shape === shape ? answer.positions : undefined;
}
