export type * from "./trace-reader.ts";
