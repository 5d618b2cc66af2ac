// Which tenant a request belongs to: the first of the configured headers that is there. Names are
// 1..64 characters of [A-Za-z0-9._-], so that they are safe in keys, labels and logs.

import { ClewError } from "@clew/base";

/** Headers looked at when nothing else is configured, lower case, the first present wins. */
export const DEFAULT_TENANT_HEADERS: readonly string[] = ["x-clew-tenant", "x-scope-orgid"];

export const DEFAULT_TENANT = "default";

const TENANT = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * The tenant that `headerOf` (header name in lower case -> value) tells, "default" when it tells
 * none. Throws ClewError `bad_request` for a name outside the rule above.
 */
export function tenantOf(
  headers: readonly string[],
  headerOf: (name: string) => string | undefined,
): string {
  for (const name of headers) {
    const value = headerOf(name);
    if (value === undefined) continue;
    if (TENANT.test(value)) return value;
    throw new ClewError(
      "bad_request",
      `${name} ${JSON.stringify(value.slice(0, 80))} is not a tenant name`,
      {
        hint: "a tenant name is 1 to 64 of the characters A-Z a-z 0-9 . _ -",
      },
    );
  }
  return DEFAULT_TENANT;
}
