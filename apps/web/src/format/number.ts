// Counts, rates and shares for people.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** `1,234`; sampled counts may be fractional and are rounded. */
export function formatCount(count: number): string {
  return whole.format(count);
}

/** `12.3k`, `4.5M`; below 10,000 the count itself. */
export function formatCompact(count: number): string {
  if (count < 10_000) return formatCount(count);
  if (count < 1e6) return `${trim(count / 1e3)}k`;
  if (count < 1e9) return `${trim(count / 1e6)}M`;
  return `${trim(count / 1e9)}G`;
}

/** Requests a second, or a minute where a second's worth would be a fraction. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return "0/s";
  if (perSecond >= 1000) return `${formatCompact(perSecond)}/s`;
  if (perSecond >= 1) return `${trim(perSecond)}/s`;
  const perMinute = perSecond * 60;
  return perMinute >= 0.1 ? `${trim(perMinute)}/min` : "<0.1/min";
}

/** Share 0..1 as per cent; anything above zero never reads as 0 %. */
export function formatShare(share: number): string {
  if (share === 0) return "0%";
  const percent = share * 100;
  if (percent < 0.01) return "<0.01%";
  if (percent < 1) return `${Number(percent.toFixed(2))}%`;
  return percent < 99.95 ? `${Number(percent.toFixed(1))}%` : percent < 100 ? ">99.9%" : "100%";
}

function trim(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toFixed(value >= 10 ? 1 : 2)));
}
