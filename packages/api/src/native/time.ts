// Times and durations as people write them in parameters. Times: nanoseconds since 1970 in decimal, ISO 8601
// up to nanoseconds (UTC when no offset is given), `now`, `now-1h`. Durations: plain nanoseconds, or numbers
// with units such as `10ms`, `1.5s`, `1m30s`.

/** A moment, or an offset in nanoseconds from the moment of asking. */
export type TimeExpression =
  | { readonly kind: "absolute"; readonly nano: bigint }
  | { readonly kind: "relative"; readonly offsetNano: bigint };

const second = 1_000_000_000n;

const unitNano: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  "\u00b5s": 1000n, // micro sign
  "\u03bcs": 1000n, // Greek mu, which keyboards produce as well
  ms: 1_000_000n,
  s: second,
  m: 60n * second,
  h: 3600n * second,
  d: 86_400n * second,
  w: 604_800n * second,
};

const durationPart = /^(\d{1,19})(?:\.(\d{1,9}))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h|d|w)/;

/** The store keeps times as signed 64-bit nanoseconds: the year 2262. */
const latestNano = (1n << 63n) - 1n;

/** Nanoseconds of a duration text; undefined when it is none. Fractions below a nanosecond are cut off. */
export function parseDuration(text: string): bigint | undefined {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  if (text === "") return undefined;
  let total = 0n;
  let rest = text;
  while (rest !== "") {
    const match = durationPart.exec(rest);
    if (match === null) return undefined;
    const [part, whole = "0", fraction = "", unit = ""] = match;
    const scale = unitNano[unit] ?? 0n;
    total += BigInt(whole) * scale;
    total += (BigInt(fraction.padEnd(9, "0")) * scale) / second;
    rest = rest.slice(part.length);
  }
  return total;
}

// A `+` that was not percent-encoded in a query arrives as a space; both are read as plus.
const relative = /^now(?:([-+ ])(.+))?$/;
const iso =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?([Zz]|[-+ ]\d\d:?\d\d)?)?$/;

/** Meaning of a time text; undefined when it is none, or lies outside 1970 to 2262. */
export function parseTime(text: string): TimeExpression | undefined {
  if (/^\d{1,19}$/.test(text)) return absolute(BigInt(text));
  const match = relative.exec(text);
  if (match === null) {
    const nano = isoNano(text);
    return nano === undefined ? undefined : absolute(nano);
  }
  const [, sign, length] = match;
  if (sign === undefined || length === undefined) return { kind: "relative", offsetNano: 0n };
  const offset = /^\d+$/.test(length) ? undefined : parseDuration(length);
  if (offset === undefined || offset > latestNano) return undefined;
  return { kind: "relative", offsetNano: sign === "-" ? -offset : offset };
}

/** The moment a time expression means at `nowNano`, kept within 1970 to 2262. */
export function resolveTime(time: TimeExpression, nowNano: bigint): bigint {
  return keptNano(time.kind === "absolute" ? time.nano : nowNano + time.offsetNano);
}

/** The moment nearest to `nano` that the store can hold: within 1970 to 2262. */
export function keptNano(nano: bigint): bigint {
  if (nano < 0n) return 0n;
  return nano > latestNano ? latestNano : nano;
}

function absolute(nano: bigint): TimeExpression | undefined {
  return nano >= 0n && nano <= latestNano ? { kind: "absolute", nano } : undefined;
}

/** Nanoseconds since 1970 of an ISO 8601 time of any year; undefined when it is none. */
export function isoNano(text: string): bigint | undefined {
  const match = iso.exec(text);
  if (match === null) return undefined;
  const [
    ,
    year,
    month,
    day,
    hour = "00",
    minute = "00",
    seconds = "00",
    fraction = "",
    zone = "Z",
  ] = match;
  const stamp = `${year}-${month}-${day}T${hour}:${minute}:${seconds}Z`;
  const milliseconds = Date.parse(stamp);
  // Date rolls 30 February over to March; such a date is a typing error.
  if (
    Number.isNaN(milliseconds) ||
    new Date(milliseconds).toISOString().slice(0, 19) !== stamp.slice(0, 19)
  ) {
    return undefined;
  }
  const offset = zoneMinutes(zone);
  if (offset === undefined) return undefined;
  const nano = BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
  return nano - BigInt(offset) * 60n * second;
}

function zoneMinutes(zone: string): number | undefined {
  if (zone === "Z" || zone === "z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}
