// Environment variables by the rules of OpenTelemetry's specification ("Environment Variable
// Specification"): empty counts as unset, and a bad value as a complaint and the default.

type Variables = Readonly<Record<string, string | undefined>>;

/** Typed reading of environment variables. */
export class Environment {
  readonly complaints: string[] = [];
  readonly #variables: Variables;

  constructor(variables: Variables) {
    this.#variables = variables;
  }

  complain(text: string): void {
    this.complaints.push(text);
  }

  text(name: string): string | undefined {
    const value = this.#variables[name]?.trim();
    return value === "" ? undefined : value;
  }

  /** The first of two variables that is set. */
  either(first: string, second: string): string | undefined {
    return this.text(first) ?? this.text(second);
  }

  /** A whole number of at least `least`. */
  number(name: string, fallback: number, least: number): number {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const number = Number(value);
    if (Number.isFinite(number) && number >= least) return number;
    this.complain(`${name}=${value} is no number of at least ${least}; ${fallback} is used`);
    return fallback;
  }

  flag(name: string): boolean {
    const value = this.text(name)?.toLowerCase();
    if (value !== undefined && value !== "true" && value !== "false" && value !== "1") {
      this.complain(`${name}=${value} is neither true nor false; false is used`);
    }
    return value === "true" || value === "1";
  }

  list(name: string, fallback: readonly string[]): readonly string[] {
    const value = this.text(name);
    if (value === undefined) return fallback;
    return value.split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
  }

  /** `key=value,key=value`, percent-decoded. */
  pairs(name: string): Record<string, string> {
    const found: Record<string, string> = {};
    for (const part of this.list(name, [])) {
      const equals = part.indexOf("=");
      if (equals <= 0) this.complain(`${name} has a part without key=value`);
      else found[part.slice(0, equals).trim()] = decoded(part.slice(equals + 1).trim());
    }
    return found;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
