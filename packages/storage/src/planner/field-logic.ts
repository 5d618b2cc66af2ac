// Conditions as SQL text of type UInt8 that is never NULL; `0` and `1` are folded away.

export const TRUE = "1";
export const FALSE = "0";

export function allOf(conditions: readonly string[]): string {
  const open = conditions.filter((condition) => condition !== TRUE);
  if (open.includes(FALSE)) return FALSE;
  return joined(open, " AND ", TRUE);
}

export function anyOf(conditions: readonly string[]): string {
  const open = conditions.filter((condition) => condition !== FALSE);
  if (open.includes(TRUE)) return TRUE;
  return joined(open, " OR ", FALSE);
}

export function not(condition: string): string {
  if (condition === TRUE) return FALSE;
  return condition === FALSE ? TRUE : `(NOT ${condition})`;
}

function joined(conditions: readonly string[], word: string, none: string): string {
  const each = [...new Set(conditions)];
  if (each.length === 0) return none;
  return each.length === 1 ? (each[0] as string) : `(${each.join(word)})`;
}
