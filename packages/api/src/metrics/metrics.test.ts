import { expect, test } from "vitest";
import { renderMetrics } from "./exposition.ts";
import { MetricsRegistry } from "./registry.ts";

test("counters and gauges are written with HELP and TYPE, one line a series", () => {
  const registry = new MetricsRegistry();
  const spans = registry.counter("clew_spans_total", "Spans taken in.");
  spans.add(2, { tenant: "a" });
  spans.add(1, { tenant: "b" });
  spans.add(3, { tenant: "a" });
  registry.gauge("clew_queue_bytes", "Bytes waiting.").set(1.5);
  expect(renderMetrics(registry.collect())).toBe(
    "# HELP clew_spans_total Spans taken in.\n# TYPE clew_spans_total counter\n" +
      'clew_spans_total{tenant="a"} 5\nclew_spans_total{tenant="b"} 1\n' +
      "# HELP clew_queue_bytes Bytes waiting.\n# TYPE clew_queue_bytes gauge\nclew_queue_bytes 1.5\n",
  );
});

test("backslashes, quotes and line breaks in labels and help are escaped", () => {
  const registry = new MetricsRegistry();
  registry.gauge("x", "a\\b\nc").set(Infinity, { path: 'C:\\"new"\n' });
  expect(renderMetrics(registry.collect())).toBe(
    '# HELP x a\\\\b\\nc\n# TYPE x gauge\nx{path="C:\\\\\\"new\\"\\n"} +Inf\n',
  );
});

test("the order of labels does not make another series", () => {
  const registry = new MetricsRegistry();
  const counter = registry.counter("n", "N.");
  counter.add(1, { a: "1", b: "2" });
  counter.add(1, { b: "2", a: "1" });
  expect(renderMetrics(registry.collect())).toContain('n{a="1",b="2"} 2\n');
});

test("a histogram's buckets are cumulative, bounds inclusive, and end with +Inf", () => {
  const registry = new MetricsRegistry();
  const seconds = registry.histogram("t_seconds", "Time.", [0.1, 1]);
  for (const value of [0.1, 0.5, 7]) seconds.observe(value, { route: "/" });
  expect(renderMetrics(registry.collect())).toBe(
    "# HELP t_seconds Time.\n# TYPE t_seconds histogram\n" +
      't_seconds_bucket{route="/",le="0.1"} 1\nt_seconds_bucket{route="/",le="1"} 2\n' +
      't_seconds_bucket{route="/",le="+Inf"} 3\nt_seconds_sum{route="/"} 7.6\nt_seconds_count{route="/"} 3\n',
  );
});

test("a family from two sources is written once, as the format demands", () => {
  const about = { name: "n", help: "N.", type: "gauge" } as const;
  const first = { ...about, samples: [{ value: 1, labels: { part: "a" } }] };
  const second = { ...about, samples: [{ value: 2, labels: { part: "b" } }] };
  const text = renderMetrics([first, second]);
  expect(text).toBe('# HELP n N.\n# TYPE n gauge\nn{part="a"} 1\nn{part="b"} 2\n');
});
