// Events and links of the selected span.

import { formatDuration, oneLine } from "@clew/base";
import { toHex } from "@clew/model";
import type { ReactElement } from "react";
import { formatIsoNano } from "../../format/time.ts";
import { Link } from "../../router/link.tsx";
import { printRoute } from "../../router/routes.ts";
import { readAttributes } from "../../trace/read-attributes.ts";
import { rowOfSpanId, type TraceModel } from "../../trace/trace-model.ts";
import type { TraceView } from "../../trace/trace-view.ts";
import { AttributeList } from "./attribute-list.tsx";
import styles from "./span-drawer.module.css";

// A span with more is cut: nobody reads the rest here, and the page must stay light.
const maxItems = 500;

export function EventsTab({
  model: { batch, layout },
  row,
}: {
  model: TraceModel;
  row: number;
}): ReactElement {
  const span = layout.span[row] as number;
  const from = span < 0 ? 0 : (batch.eventOffsets[span] as number);
  const to = span < 0 ? 0 : (batch.eventOffsets[span + 1] as number);
  if (from === to) return <p className={styles.empty}>This span has no events.</p>;
  const events = Array.from({ length: Math.min(maxItems, to - from) }, (_, i) => from + i);
  return (
    <>
      {events.map((event) => {
        const time = eventNano(batch.eventTime, event);
        const offsets = batch.eventAttributeOffsets;
        return (
          <article key={event} className={styles.item}>
            <div className={styles.itemHead}>
              <strong>
                <bdi>
                  {oneLine(batch.strings.text(batch.eventName[event] as number), 300) ||
                    "(no name)"}
                </bdi>
              </strong>
              <time title={formatIsoNano(time)}>
                +{formatDuration(Number(time - batch.startNano(span)))}
              </time>
            </div>
            <AttributeList
              title=""
              attributes={readAttributes(
                batch,
                batch.eventAttributes,
                offsets[event] as number,
                offsets[event + 1] as number,
              )}
              dropped={batch.eventDroppedAttributes[event] as number}
            />
          </article>
        );
      })}
      {to - from > maxItems && (
        <p className={styles.empty}>{to - from - maxItems} more events are not shown.</p>
      )}
    </>
  );
}

function eventNano(times: Uint32Array, event: number): bigint {
  return (BigInt(times[event * 2 + 1] as number) << 32n) | BigInt(times[event * 2] as number);
}

export function LinksTab({
  model,
  view,
  row,
}: {
  model: TraceModel;
  view: TraceView;
  row: number;
}): ReactElement {
  const { batch, layout } = model;
  const span = layout.span[row] as number;
  const from = span < 0 ? 0 : (batch.linkOffsets[span] as number);
  const to = span < 0 ? 0 : (batch.linkOffsets[span + 1] as number);
  if (from === to) return <p className={styles.empty}>This span links to no other span.</p>;
  const links = Array.from({ length: Math.min(maxItems, to - from) }, (_, i) => from + i);
  return (
    <>
      {links.map((link) => {
        const traceId = toHex(batch.linkTraceIds, link * 16, 16);
        const spanId = toHex(batch.linkSpanIds, link * 8, 8);
        const here = traceId === model.traceId;
        const offsets = batch.linkAttributeOffsets;
        return (
          <article key={link} className={styles.item}>
            <div className={styles.itemHead}>
              <strong>{here ? "Span of this trace" : "Span of another trace"}</strong>
            </div>
            <p className={styles.itemHead}>
              <Link
                className={styles.link}
                to={printRoute("trace", traceId, { span: spanId })}
                onClick={(event) => {
                  const target = here ? rowOfSpanId(model, spanId) : -1;
                  if (target < 0 || event.metaKey || event.ctrlKey) return;
                  event.preventDefault();
                  view.select(target);
                }}
              >
                {here ? spanId : `${traceId} / ${spanId}`}
              </Link>
            </p>
            <AttributeList
              title=""
              attributes={readAttributes(
                batch,
                batch.linkAttributes,
                offsets[link] as number,
                offsets[link + 1] as number,
              )}
              dropped={batch.linkDroppedAttributes[link] as number}
            />
          </article>
        );
      })}
    </>
  );
}
