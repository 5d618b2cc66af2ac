// Times of single spans, in nanoseconds, printed as JSON. Spans are made in bites with a turn of the loop in
// between, as in a service; only the making is timed.

const { running } = require("@clew/sdk");

const BITE = 500;
const ATTRIBUTES = Array.from({ length: 10 }, (_, i) => [
  `attribute.number.${i}`,
  `value of it ${i}`,
]);

async function time(bites, make) {
  const best = [];
  for (let i = 0; i < bites; i++) {
    const start = performance.now();
    for (let k = 0; k < BITE; k++) make();
    best.push(((performance.now() - start) * 1e6) / BITE);
    await new Promise((resolve) => setImmediate(resolve));
  }
  best.sort((a, b) => a - b);
  return best[Math.floor(bites / 2)];
}

async function main() {
  const tracer = running().getTracer("micro");
  const plain = () => tracer.startSpan("work").end();
  const rich = () => {
    const span = tracer.startSpan("work");
    for (const [key, value] of ATTRIBUTES) span.setAttribute(key, value);
    span.end();
  };
  await time(300, plain);
  await time(100, rich);
  const figures = { plain: await time(400, plain), rich: await time(200, rich) };
  process.stdout.write(JSON.stringify(figures));
  process.exit(0);
}

void main();
