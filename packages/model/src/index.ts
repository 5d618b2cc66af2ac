export { AttributeColumns, ValueType } from "./attributes.ts";
export { ByteDictionary } from "./byte-dictionary.ts";
export { fromHex, isZero, toHex } from "./ids.ts";
export {
  SpanKind,
  type SpanKindName,
  StatusCode,
  type StatusCodeName,
  spanKindNames,
  statusCodeNames,
} from "./kinds.ts";
export { LogBatch } from "./log-batch.ts";
export type * from "./query.ts";
export { ResourceTable, ScopeTable } from "./resource-table.ts";
export type * from "./sampling.ts";
export { joinWords, SpanBatch } from "./span-batch.ts";
export type * from "./span-facts.ts";
export type * from "./trace-health.ts";
export type * from "./traceql-answer.ts";
export { isUtf8 } from "./utf8.ts";
