// Splits an encoded ExportTraceServiceRequest in two that hold its spans between them, for a backend that takes none of
// this size. Resource and scope stand in both; what is not a request cannot be split.

/** Tags of what repeats: ResourceSpans in the request, ScopeSpans in these, spans in those. */
const REPEATED = [0x0a, 0x12, 0x12] as const;
const SPANS = 2;
const SCOPE = 0x0a;
/** Attributes of an InstrumentationScope: the numbers that a batch tells of, which must be told once. */
const SCOPE_ATTRIBUTES = 0x1a;

interface Field {
  readonly tag: number;
  /** Where tag, contents and the next field begin. */
  readonly from: number;
  readonly body: number;
  readonly to: number;
}

interface Varint {
  readonly value: number;
  readonly end: number;
}

function varintAt(bytes: Buffer, start: number): Varint | undefined {
  let value = 0;
  let factor = 1;
  for (let at = start; at < bytes.length && at < start + 5; at++) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end: at + 1 };
    factor *= 128;
  }
  return undefined;
}

/** The fields of a message that has only such with a length; `undefined` for anything else. */
function fieldsOf(bytes: Buffer): Field[] | undefined {
  const fields: Field[] = [];
  for (let from = 0; from < bytes.length; ) {
    const tag = bytes[from] as number;
    const length = varintAt(bytes, from + 1);
    if ((tag & 7) !== 2 || tag >= 0x80 || length === undefined) return undefined;
    const to = length.end + length.value;
    if (to > bytes.length) return undefined;
    fields.push({ tag, from, body: length.end, to });
    from = to;
  }
  return fields;
}

function wrapped(tag: number, body: Buffer): Buffer {
  const head = [tag];
  let length = body.length;
  for (; length >= 0x80; length = Math.floor(length / 128)) head.push((length & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...head, length]), body]);
}

function slices(bytes: Buffer, fields: readonly Field[]): Buffer[] {
  return fields.map(({ from, to }) => bytes.subarray(from, to));
}

function withoutAttributes(scope: Buffer): Buffer {
  const fields = fieldsOf(scope) ?? [];
  const kept = fields.filter(({ tag }) => tag !== SCOPE_ATTRIBUTES);
  return wrapped(SCOPE, Buffer.concat(slices(scope, kept)));
}

/** What stands beside the repeated fields, for the second half. */
function again(bytes: Buffer, fields: readonly Field[], depth: number): Buffer[] {
  if (depth !== SPANS) return slices(bytes, fields);
  return fields.map(({ tag, from, body, to }) =>
    tag === SCOPE ? withoutAttributes(bytes.subarray(body, to)) : bytes.subarray(from, to),
  );
}

/** How many of `items` make about half of the bytes: at least one, and not all. */
function middle(items: readonly Field[]): number {
  const half = items.reduce((sum, { from, to }) => sum + to - from, 0) / 2;
  let bytes = 0;
  const index = items.findIndex(({ from, to }) => {
    bytes += to - from;
    return bytes >= half;
  });
  return Math.min(Math.max(1, index), items.length - 1);
}

function split(bytes: Buffer, depth: number): [Buffer, Buffer] | undefined {
  const fields = fieldsOf(bytes);
  const tag = REPEATED[depth];
  if (fields === undefined || tag === undefined) return undefined;
  const items = fields.filter((field) => field.tag === tag);
  const beside = fields.filter((field) => field.tag !== tag);
  const heads = [slices(bytes, beside), again(bytes, beside, depth)] as const;
  const [only] = items;
  if (only === undefined) return undefined;
  if (items.length === 1) {
    const halves = split(bytes.subarray(only.body, only.to), depth + 1);
    if (halves === undefined) return undefined;
    return [
      Buffer.concat([...heads[0], wrapped(tag, halves[0])]),
      Buffer.concat([...heads[1], wrapped(tag, halves[1])]),
    ];
  }
  const at = middle(items);
  return [
    Buffer.concat([...heads[0], ...slices(bytes, items.slice(0, at))]),
    Buffer.concat([...heads[1], ...slices(bytes, items.slice(at))]),
  ];
}

/** Two requests with the spans of `request` between them; `undefined` when it has a single one, or is none. */
export function splitRequest(request: Buffer): [Buffer, Buffer] | undefined {
  return split(request, 0);
}

/** The number of spans in a request. */
export function spansIn(request: Buffer, depth = 0): number {
  const items = (fieldsOf(request) ?? []).filter(({ tag }) => tag === REPEATED[depth]);
  if (depth === SPANS) return items.length;
  return items.reduce(
    (sum, { body, to }) => sum + spansIn(request.subarray(body, to), depth + 1),
    0,
  );
}
