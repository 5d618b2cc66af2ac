// The resource as fields of OTLP's Resource message, encoded once when the first batch is sealed.

import type { Settings } from "../config/settings.ts";
import { writeKeyValue } from "../encode/attribute-value.ts";
import { ByteWriter } from "../encode/byte-writer.ts";
import { detectResource } from "./detect.ts";

const made = new WeakMap<Settings, Buffer>();

/** Encoded fields of the Resource of a tracer with these settings. */
export function encodeResource(settings: Settings): Buffer {
  const found = made.get(settings);
  if (found !== undefined) return found;
  const writer = new ByteWriter(1024);
  for (const [key, value] of Object.entries(detectResource(settings))) {
    if (value !== undefined) writeKeyValue(writer, 0x0a, key, value, settings.limits.valueLength);
  }
  const bytes = writer.take();
  made.set(settings, bytes);
  return bytes;
}
