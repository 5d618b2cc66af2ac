// How much query there may be. The limits keep every walk over a syntax tree within the stack.

/** UTF-16 units of text. */
export const MAX_TEXT: number = 128 * 1024;
/** Parentheses, signs and negations inside one another. */
export const MAX_DEPTH = 100;
/** Operators, stages and list elements of one query. */
export const MAX_TERMS = 1000;
