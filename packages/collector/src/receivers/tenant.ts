// Which tenant a request belongs to: any of the configured headers tells. Names are
// 1..64 characters of [A-Za-z0-9._-], so that they are safe in keys, labels and logs.

import { ClewError } from "@clew/base";

/** Headers looked at when nothing else is configured, lower case. */
export const DEFAULT_TENANT_HEADERS: readonly string[] = ["x-clew-tenant", "x-scope-orgid"];

export const DEFAULT_TENANT = "default";

const TENANT = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * The tenant that `headerOf` (header name in lower case -> value) tells, "default" when it tells
 * none. Throws ClewError `bad_request` for a name outside the rule above and for headers that
 * disagree: neither may silently win over the other.
 */
export function tenantOf(
  headers: readonly string[],
  headerOf: (name: string) => string | undefined,
): string {
  let tenant: string | undefined;
  for (const name of headers) {
    const value = headerOf(name);
    if (value === undefined || value === tenant) continue;
    if (TENANT.test(value)) {
      if (tenant !== undefined) throw disagreement(headers);
      tenant = value;
      continue;
    }
    throw new ClewError(
      "bad_request",
      `${name} ${JSON.stringify(value.slice(0, 80))} is not a tenant name`,
      {
        hint: "a tenant name is 1 to 64 of the characters A-Z a-z 0-9 . _ -",
      },
    );
  }
  return tenant ?? DEFAULT_TENANT;
}

function disagreement(headers: readonly string[]): ClewError {
  const names = headers.join(" and ");
  return new ClewError("bad_request", `the headers ${names} disagree`, {
    hint: "send one of them",
  });
}
