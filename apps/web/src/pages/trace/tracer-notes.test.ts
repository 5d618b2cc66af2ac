import { decodeTracesJson } from "@clew/codec";
import { SpanBatch } from "@clew/model";
import { describe, expect, it } from "vitest";
import { dropsOf, unfinishedSpans } from "./tracer-notes.ts";

interface Sent {
  readonly service: string;
  /** `clew.dropped_spans` of the scope. */
  readonly dropped?: number;
  /** `clew.span.unfinished` of each span. */
  readonly unfinished: readonly (boolean | undefined)[];
}

let lastId = 0;

function batchOf(...requests: readonly Sent[]): SpanBatch {
  const batch = new SpanBatch();
  const resourceSpans = requests.map(({ service, dropped, unfinished }) => ({
    resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
    scopeSpans: [
      {
        scope: {
          name: "kitchen",
          attributes:
            dropped === undefined
              ? []
              : [{ key: "clew.dropped_spans", value: { intValue: String(dropped) } }],
        },
        spans: unfinished.map((value) => ({
          traceId: "5b8aa5a2d2c872e8321cf37308d69df2",
          spanId: (++lastId).toString(16).padStart(16, "0"),
          name: "bake",
          startTimeUnixNano: "1760000000000000000",
          endTimeUnixNano: "1760000000000000001",
          attributes:
            value === undefined
              ? []
              : [
                  { key: "shelf", value: { boolValue: true } },
                  { key: "clew.span.unfinished", value: { boolValue: value } },
                ],
        })),
      },
    ],
  }));
  decodeTracesJson(new TextEncoder().encode(JSON.stringify({ resourceSpans })), batch);
  return batch;
}

describe("drops that tracers tell of", () => {
  it("are none in most traces", () => {
    const batch = batchOf({ service: "oven", unfinished: [undefined] });
    expect(dropsOf(batch)).toEqual({ spans: 0, services: [] });
  });

  it("count once a batch, however many of its spans are in the trace", () => {
    const batch = batchOf(
      { service: "oven", dropped: 7, unfinished: [undefined, undefined] },
      { service: "mill", dropped: 5, unfinished: [undefined] },
      { service: "shop", unfinished: [undefined] },
    );
    expect(dropsOf(batch)).toEqual({ spans: 12, services: ["oven", "mill"] });
  });
});

it("finds the spans that were open when their process ended", () => {
  const batch = batchOf({ service: "oven", unfinished: [undefined, true, false, true] });
  expect(unfinishedSpans(batch)).toEqual([1, 3]);
});
