// Class names from the ones that apply.

/** Joins what is a text and skips the rest. */
export function cx(...names: (string | false | undefined)[]): string {
  return names.filter((name) => typeof name === "string" && name !== "").join(" ");
}
