// TEMPORARY
import type { AttributeColumns, ByteDictionary, SpanBatch } from "@clew/model";
import * as real from "@clew/codec";
interface Codec {
  encodeTracesJson(batch: SpanBatch): Iterable<string>;
  encodeTraces(batch: SpanBatch): Uint8Array<ArrayBuffer>;
  encodeColumns(batch: SpanBatch): Uint8Array<ArrayBuffer>;
  renderAttributesJson(attributes: AttributeColumns, strings: ByteDictionary, from: number, to: number): string;
}
export const codec: Codec = real as unknown as Codec;
