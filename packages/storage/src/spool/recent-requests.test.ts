import { expect, test } from "vitest";
import { RecentRequests } from "./recent-requests.ts";

test("a request is remembered for five minutes at least and ten at most", () => {
  const recent = new RecentRequests<string>(0);
  recent.add("a", "stored", 0);
  recent.add("b", "stored", 300_001);
  expect(recent.find("a")).toBe("stored");
  recent.add("c", "stored", 600_002);
  expect(recent.find("a")).toBeUndefined();
  expect(recent.find("b")).toBe("stored");
});

test("a flood of small requests shortens the memory instead of filling it", () => {
  const recent = new RecentRequests<number>(0);
  for (let i = 0; i < 600_000; i++) recent.add(`request-${i}`, i, 1);
  expect(recent.find("request-599999")).toBe(599_999);
  expect(recent.find("request-300000")).toBe(300_000);
  expect(recent.find("request-0")).toBeUndefined();
});

test("a request that was not stored after all is forgotten", () => {
  const recent = new RecentRequests<string>(0);
  recent.add("a", "pending", 0);
  recent.remove("a");
  expect(recent.find("a")).toBeUndefined();
});
