export type * from "./ast.ts";
export { referenceType } from "./check/check-field.ts";
export { regexFault } from "./check/check-regex.ts";
export { type Completion, complete } from "./complete.ts";
export type { CompletionWord } from "./complete-words.ts";
export { TraceqlError } from "./errors.ts";
export { parse } from "./parse.ts";
export { parseFilter } from "./parse-filter.ts";
export { print } from "./print.ts";
export { printField } from "./print-field.ts";
export { references } from "./references.ts";
export { type ClassifiedToken, type TokenClass, tokens } from "./tokens.ts";
export {
  type ExpressionType,
  intrinsicNames,
  intrinsicTypes,
  unscopedIntrinsics,
} from "./vocabulary.ts";
