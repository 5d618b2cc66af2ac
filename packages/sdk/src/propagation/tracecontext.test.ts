// Parsers of traceparent, tracestate and baggage: what the specifications demand, and whatever anybody sends.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RecordingSpan } from "../trace/span.ts";
import { checkTraceState } from "../trace/trace-state.ts";
import { baggageFormat, baggageHeader, ClewBaggage, parseBaggage } from "./baggage.ts";
import { Propagation } from "./propagator.ts";
import { parseTraceparent, tracecontext } from "./tracecontext.ts";

fc.configureGlobal({ seed: 20_261_122 });

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

const hex = (digits: number) =>
  fc
    .array(fc.integer({ min: 0, max: 15 }), { minLength: digits, maxLength: digits })
    .map((all) => all.map((digit) => digit.toString(16)).join(""))
    .filter((text) => /[^0]/.test(text));

describe("traceparent", () => {
  test("what we write we read back", () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.integer({ min: 0, max: 3 }), (traceId, spanId, flags) => {
        let header = "";
        tracecontext.inject?.({ traceId, spanId, flags, traceState: undefined }, (name, value) => {
          if (name === "traceparent") header = value;
        });
        expect(parseTraceparent(header)).toEqual({ traceId, spanId, flags });
      }),
    );
  });

  test.each([
    ["all zero trace id", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["all zero span id", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["version ff", `ff-${TRACE}-${SPAN}-01`],
    ["something after version 00", `00-${TRACE}-${SPAN}-01-x`],
    ["capitals", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["two headers joined", `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
    ["a future version with no dash", `cc-${TRACE}-${SPAN}-01.x`],
    ["a megabyte", "0".repeat(1 << 20)],
  ])("%s is not valid", (_, header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  test("space around, a future version and the random flag are", () => {
    expect(parseTraceparent(` \t00-${TRACE}-${SPAN}-03\t`)?.flags).toBe(3);
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what the future brings`)?.traceId).toBe(TRACE);
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-ff`)?.flags).toBe(3);
  });
});

describe("tracestate", () => {
  test("one bad member drops the list", () => {
    expect(checkTraceState("a=1,B=2")).toBeUndefined();
    expect(checkTraceState("a=1,b=2=3")).toBeUndefined();
    expect(checkTraceState("a=1,b")).toBeUndefined();
    expect(checkTraceState("a=1,b= x ")).toBe("a=1,b= x");
  });

  test("32 members are kept, 33 are not", () => {
    const members = (count: number) => Array.from({ length: count }, (_, i) => `k${i}=v`).join(",");
    expect(checkTraceState(members(32))).toBe(members(32));
    expect(checkTraceState(members(33))).toBeUndefined();
  });

  test("keys have up to 256 characters, values too, empty members count for nothing", () => {
    const key = "k".repeat(256);
    const value = "v".repeat(256);
    expect(checkTraceState(` ${key}=${value} ,,\t a@b=1`)).toBe(`${key}=${value},a@b=1`);
    expect(checkTraceState(`${key}k=v`)).toBeUndefined();
    expect(checkTraceState(`k=${value}v`)).toBeUndefined();
  });

  test("whatever is sent, the result is nothing or passes again unchanged", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const checked = checkTraceState(text);
        if (checked !== undefined) expect(checkTraceState(checked)).toBe(checked);
      }),
    );
  });
});

describe("baggage", () => {
  test("what we write we read back, whatever the values are", () => {
    const key = fc.stringMatching(/^[a-zA-Z0-9._-]{1,20}$/);
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.string({ unit: "grapheme", maxLength: 30 }), { maxKeys: 20 }),
        (pairs) => {
          const entries = new Map(Object.entries(pairs).map(([name, value]) => [name, { value }]));
          const read = parseBaggage(baggageHeader(new ClewBaggage(entries)));
          const back = read?.getAllEntries().map(([name, { value }]) => [name, value]) ?? [];
          expect(back).toEqual(
            [...entries].map(([name, { value }]) => [name, value.toWellFormed()]),
          );
        },
      ),
    );
  });

  test("properties are carried on, broken members left out, bad UTF-8 replaced", () => {
    const read = parseBaggage("a=1;ttl=2;x , =no, b ba=d, c=%C3%A9%FF, d=%zz,e = 5");
    const entries = Object.fromEntries(read?.getAllEntries().map(([k, v]) => [k, v.value]) ?? []);
    expect(entries).toEqual({ a: "1", c: "é\uFFFD", d: "%zz", e: "5" });
    expect(baggageHeader(read as ClewBaggage)).toMatch(/^a=1;ttl=2;x,/);
  });

  test("64 members and 8192 bytes pass whole, more is cut at a member", () => {
    const members = Array.from({ length: 64 }, (_, i) => `key${i}=${"v".repeat(100)}`).join(",");
    expect(parseBaggage(members)?.getAllEntries()).toHaveLength(64);
    const much = new ClewBaggage(
      new Map(Array.from({ length: 300 }, (_, i) => [`key${i}`, { value: "v".repeat(100) }])),
    );
    const header = baggageHeader(much);
    expect(header.length).toBeLessThanOrEqual(8192);
    expect(header.split(",").every((member) => member.length > 100)).toBe(true);
  });

  test("whatever is sent, nothing throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const read = parseBaggage(text);
        if (read !== undefined) baggageHeader(read);
      }),
    );
  });
});

test("hostile headers never break a request, and never make a recorded parent", () => {
  const propagation = new Propagation([tracecontext, baggageFormat]);
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
      const context = propagation.extractHeaders(() => text);
      expect(context.span instanceof RecordingSpan).toBe(false);
      propagation.injectHeaders(context, () => {});
    }),
  );
});
