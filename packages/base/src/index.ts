export { assert, defined } from "./assert.ts";
export { formatBytes } from "./bytes.ts";
export { middleCut, oneLine } from "./display-text.ts";
export { formatDuration, parseDuration, printDuration } from "./duration.ts";
export { ClewError, type ErrorCode } from "./errors.ts";
export { nameOfSegment, pathSegment } from "./path-segment.ts";
export { grown } from "./typed-array.ts";
