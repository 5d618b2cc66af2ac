import { expect, test } from "vitest";
import { tenantOf } from "./tenant.ts";

test("a request without a tenant header asks for the default tenant", () => {
  expect(tenantOf({})).toBe("default");
  expect(tenantOf({ "x-clew-tenant": "" })).toBe("default");
});

test("either header names the tenant, and the configured one replaces Grafana's", () => {
  expect(tenantOf({ "x-scope-orgid": "team-a" })).toBe("team-a");
  expect(tenantOf({ "x-clew-tenant": "team_b.1" })).toBe("team_b.1");
  expect(tenantOf({ "x-scope-orgid": "ignored", "x-team": "c" }, "x-team")).toBe("c");
});

test.each(["a b", "a/b", "../x", "a|b", "x".repeat(65), "caf\u00e9"])("%j is no tenant", (name) => {
  expect(() => tenantOf({ "x-clew-tenant": name })).toThrow("does not hold a tenant name");
});

test("two headers that name different tenants are refused, never one silently preferred", () => {
  const headers = { "x-scope-orgid": "a", "x-clew-tenant": "b" };
  expect(() => tenantOf(headers)).toThrow("disagree");
  expect(tenantOf({ "x-scope-orgid": "a", "x-clew-tenant": "a" })).toBe("a");
});
