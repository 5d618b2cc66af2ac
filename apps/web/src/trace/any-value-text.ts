// OTLP AnyValue (opentelemetry/proto/common/v1) in protobuf bytes to a JSON-like text, for showing
// arrays and maps of attributes. Never throws: bytes that do not parse read as what was understood.

const decoder = new TextDecoder();
const maxDepth = 24;

/** The value as JSON text; bytes as base64, integers in full. */
export function anyValueText(bytes: Uint8Array): string {
  return readValue(bytes, 0);
}

interface Field {
  readonly number: number;
  readonly varint: bigint;
  readonly bytes: Uint8Array;
}

function readValue(bytes: Uint8Array, depth: number): string {
  if (depth > maxDepth) return "…";
  let text = "null";
  for (const field of fields(bytes)) text = valueOf(field, depth);
  return text;
}

/** Fields of AnyValue: 1 string, 2 bool, 3 int, 4 double, 5 array, 6 map, 7 bytes. */
function valueOf({ number, varint, bytes }: Field, depth: number): string {
  switch (number) {
    case 1:
      return JSON.stringify(decoder.decode(bytes));
    case 2:
      return varint === 0n ? "false" : "true";
    case 3:
      return BigInt.asIntN(64, varint).toString();
    case 4:
      return String(new DataView(new BigUint64Array([varint]).buffer).getFloat64(0, true));
    case 5: {
      const items = [...fields(bytes)].filter((field) => field.number === 1);
      return `[${items.map((item) => readValue(item.bytes, depth + 1)).join(", ")}]`;
    }
    case 6: {
      const pairs = [...fields(bytes)].filter((field) => field.number === 1);
      return `{${pairs.map((pair) => readPair(pair.bytes, depth + 1)).join(", ")}}`;
    }
    case 7:
      return JSON.stringify(base64(bytes));
    default:
      return "null";
  }
}

function readPair(bytes: Uint8Array, depth: number): string {
  let key = "";
  let value = "null";
  for (const field of fields(bytes)) {
    if (field.number === 1) key = decoder.decode(field.bytes);
    else if (field.number === 2) value = readValue(field.bytes, depth);
  }
  return `${JSON.stringify(key)}: ${value}`;
}

/** Bytes as base64. */
export function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes.subarray(0, 100_000)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

const none = new Uint8Array(0);

function* fields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n && at < bytes.length; shift += 7n) {
      const byte = bytes[at++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag === undefined) return;
    const number = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    if (wire === 0) {
      const value = varint();
      if (value === undefined) return;
      yield { number, varint: value, bytes: none };
    } else if (wire === 1) {
      if (at + 8 > bytes.length) return;
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
      at += 8;
      yield { number, varint: view.getBigUint64(0, true), bytes: none };
    } else if (wire === 2) {
      const length = varint();
      if (length === undefined || length > BigInt(bytes.length - at)) return;
      const end = at + Number(length);
      yield { number, varint: 0n, bytes: bytes.subarray(at, end) };
      at = end;
    } else return;
  }
}
