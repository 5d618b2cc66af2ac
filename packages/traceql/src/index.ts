export type * from "./ast.ts";
export { TraceqlError } from "./errors.ts";
export { parse } from "./parse.ts";
