// Whose data a request asks for: one header names the tenant, "default" when there is none.

import { ClewError } from "@clew/base";

/** Header that Clew always understands; a second one can be configured (Grafana sends `x-scope-orgid`). */
export const clewTenantHeader = "x-clew-tenant";
/** The second tenant header when none is configured. */
export const defaultTenantHeader = "x-scope-orgid";
/** Tenant of a request that names none. */
export const defaultTenant = "default";

const tenantName = /^[A-Za-z0-9._-]{1,64}$/;

/** True when `name` can be a tenant: 1 to 64 of A-Z a-z 0-9 . _ - */
export function isTenantName(name: string): boolean {
  return tenantName.test(name);
}

/**
 * Tenant of a request. `header`: the configured header's name in lower case. Raises `bad_request` for a
 * name that cannot be a tenant and for two headers that disagree.
 */
export function tenantOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  header: string = defaultTenantHeader,
): string {
  const names = new Set([headers[clewTenantHeader], headers[header]].flat().filter((name) => name));
  const [name = defaultTenant, ...others] = names;
  if (others.length > 0) {
    throw new ClewError("bad_request", `the headers ${clewTenantHeader} and ${header} disagree`, {
      hint: "send one of them",
    });
  }
  if (!isTenantName(name)) {
    throw new ClewError("bad_request", "the tenant header does not hold a tenant name", {
      hint: "a tenant is 1 to 64 letters, digits, dots, underscores and dashes",
    });
  }
  return name;
}
