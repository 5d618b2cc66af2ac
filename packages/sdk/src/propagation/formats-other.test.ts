// B3, Jaeger, X-Ray, Datadog and OpenTracing headers: what is written is read back, headers as other tracers
// send them are understood, and bad ones are as if absent.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { b3, b3multi } from "./b3.ts";
import { datadog } from "./datadog.ts";
import type { Format, LocalParent, RemoteParent } from "./format.ts";
import { jaeger } from "./jaeger.ts";
import { otTrace } from "./ot-trace.ts";
import { xray, xrayLambda } from "./xray.ts";

const all = [b3, b3multi, jaeger, xray, xrayLambda, datadog, otTrace];
const traceId = "5b8aa5a2d2c872e8321cf37308d69df2";
const spanId = "051581bf3cb55c13";

function read(format: Format, headers: Readonly<Record<string, string>>): RemoteParent | undefined {
  return format.extract?.((name) => headers[name]);
}

function write(format: Format, span: Partial<LocalParent>): Record<string, string> {
  const headers: Record<string, string> = {};
  const whole = { traceId, spanId, flags: 1, traceState: undefined, ...span };
  format.inject?.(whole, (name, value) => {
    headers[name] = value;
  });
  return headers;
}

const hex = (digits: number) =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`)).filter((text) => !/^0+$/.test(text));
const ids = fc.record({ traceId: hex(32), spanId: hex(16), flags: fc.constantFrom(0, 1) });

describe.each(all.map((format) => [format.name, format] as const))("%s", (name, format) => {
  test("reads what it wrote", () => {
    fc.assert(
      fc.property(ids, (span) => {
        const back = read(format, write(format, span));
        const trace = name === "ottrace" ? span.traceId.slice(16).padStart(32, "0") : span.traceId;
        if (/^0+$/.test(trace) || (name === "datadog" && /^0{16}$/.test(span.traceId.slice(16))))
          return;
        expect(back).toMatchObject({ ...span, traceId: trace });
        expect(back?.deferred).toBeUndefined();
      }),
    );
  });

  test("writes only the headers that it names", () => {
    for (const header of Object.keys(write(format, { traceState: "dd=s:2;o:rum" })))
      expect(format.fields).toContain(header);
  });

  test("takes any text in its headers without throwing, and gives whole ids or none", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string(),
      fc.constantFrom("%", "%zz", ":::", "---"),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 8, maxLength: 8 }), (values) => {
        let next = 0;
        const found = format.extract?.(() => values[next++ % values.length]);
        if (found === undefined) return;
        expect(found.traceId).toMatch(/^([0-9a-f]{32})?$/);
        expect(found.spanId).toMatch(/^([0-9a-f]{16})?$/);
      }),
    );
  });
});

describe("B3", () => {
  test.each([
    [`${traceId}-${spanId}-1-05e3ac9a4f6e3b90`, { traceId, spanId, flags: 1 }],
    [`${traceId}-${spanId}-d`, { traceId, spanId, flags: 1 }],
    [`${traceId}-${spanId}-0`, { traceId, spanId, flags: 0 }],
    [`${traceId}-${spanId}`, { traceId, spanId, flags: 0, deferred: true }],
    [
      `321CF37308D69DF2-${spanId}-1`,
      { traceId: "0000000000000000321cf37308d69df2", spanId, flags: 1 },
    ],
    ["0", { traceId: "", spanId: "", flags: 0 }],
    ["1", { traceId: "", spanId: "", flags: 1 }],
    [`${traceId}-${spanId}-x`, undefined],
    [traceId, undefined],
    ["00000000000000000000000000000000-051581bf3cb55c13-1", undefined],
  ])("b3: %s", (header, expected) => {
    expect(read(b3, { b3: header })).toEqual(expected);
  });

  test("several headers, a debug flag, a lone decision", () => {
    const several = { "x-b3-traceid": traceId, "x-b3-spanid": spanId };
    expect(read(b3multi, { ...several, "x-b3-sampled": "true" })).toEqual({
      traceId,
      spanId,
      flags: 1,
    });
    expect(read(b3multi, { ...several, "x-b3-flags": "1" })).toEqual({ traceId, spanId, flags: 1 });
    expect(read(b3multi, several)).toEqual({ traceId, spanId, flags: 0, deferred: true });
    expect(read(b3multi, { "x-b3-sampled": "0" })).toEqual({ traceId: "", spanId: "", flags: 0 });
    expect(read(b3multi, { "x-b3-traceid": traceId })).toBeUndefined();
  });

  test("either name reads both forms, its own first", () => {
    const other = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const mixed = { b3: `${traceId}-${spanId}-1`, "x-b3-traceid": other, "x-b3-spanid": spanId };
    expect(read(b3, mixed)?.traceId).toBe(traceId);
    expect(read(b3multi, mixed)?.traceId).toBe(other);
    expect(read(b3multi, { b3: `${traceId}-${spanId}-1` })?.traceId).toBe(traceId);
  });
});

describe("Jaeger", () => {
  test.each([
    [`${traceId}:${spanId}:0:1`, 1],
    [`${traceId}:${spanId}:0:2`, 1],
    [`${traceId}:${spanId}:0:0`, 0],
    [`${traceId}%3A${spanId}%3A0%3A1`, 1],
  ])("%s", (header, flags) => {
    expect(read(jaeger, { "uber-trace-id": header })).toEqual({ traceId, spanId, flags });
  });

  test("short ids are filled up", () => {
    expect(read(jaeger, { "uber-trace-id": "ab:1:0:1" })).toEqual({
      traceId: `${"0".repeat(30)}ab`,
      spanId: `${"0".repeat(15)}1`,
      flags: 1,
    });
  });
});

describe("X-Ray", () => {
  const root = `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;

  test("parts in any order, with the parts that load balancers add", () => {
    const header = `Self=1-5b8aa5a2-d2c872e8321cf37308d69df3;Sampled=1; ${root};Parent=${spanId};Lineage=25:ab:1`;
    expect(read(xray, { "x-amzn-trace-id": header })).toEqual({ traceId, spanId, flags: 1 });
  });

  test("an undecided parent leaves the decision to us; a lone Root gives the trace", () => {
    const undecided = read(xray, { "x-amzn-trace-id": `${root};Parent=${spanId};Sampled=?` });
    expect(undecided).toEqual({ traceId, spanId, flags: 0, deferred: true });
    expect(read(xray, { "x-amzn-trace-id": root })).toMatchObject({ traceId, spanId: "" });
  });
});

describe("Datadog", () => {
  test("joins the halves of a trace id, and keeps priority and origin for the next hop", () => {
    const incoming = {
      "x-datadog-trace-id": BigInt(`0x${traceId.slice(16)}`).toString(),
      "x-datadog-parent-id": BigInt(`0x${spanId}`).toString(),
      "x-datadog-sampling-priority": "2",
      "x-datadog-origin": "synthetics",
      "x-datadog-tags": `_dd.p.dm=-4,_dd.p.tid=${traceId.slice(0, 16)}`,
    };
    const parent = read(datadog, incoming);
    expect(parent).toEqual({ traceId, spanId, flags: 1, traceState: "dd=s:2;o:synthetics" });
    const next = write(datadog, { traceState: parent?.traceState });
    expect(next).toMatchObject({
      "x-datadog-trace-id": incoming["x-datadog-trace-id"],
      "x-datadog-sampling-priority": "2",
      "x-datadog-origin": "synthetics",
      "x-datadog-tags": `_dd.p.tid=${traceId.slice(0, 16)}`,
    });
  });

  test("a priority that contradicts the decision gives way to it", () => {
    const headers = write(datadog, { flags: 0, traceState: "dd=s:2" });
    expect(headers["x-datadog-sampling-priority"]).toBe("0");
  });

  test.each(["0", "18446744073709551616", "-1", "1e3"])("trace id %s is none", (id) => {
    const headers = { "x-datadog-trace-id": id, "x-datadog-parent-id": "1" };
    expect(read(datadog, headers)).toBeUndefined();
  });
});
