export { assert, defined } from "./assert.ts";
export { ClewError, type ErrorCode } from "./errors.ts";
export { grown } from "./typed-array.ts";
