import { describe, expect, it } from "vitest";
import { clampWindow, minWindow, niceStep, TimeScale, ticks, zoomWindow } from "./time-scale.ts";

describe("time scale", () => {
  it("goes to pixels and back", () => {
    const scale = new TimeScale({ start: 1000, end: 3000 }, 500);
    expect(scale.toPixel(2000)).toBe(250);
    expect(scale.toNano(250)).toBe(2000);
    expect(scale.lengthOf(400)).toBe(100);
  });

  it("stays exact to the nanosecond days into a trace", () => {
    const start = 5 * 86_400e9;
    const scale = new TimeScale({ start, end: start + 1000 }, 1000);
    expect(scale.toPixel(start + 1)).toBe(1);
  });

  it("survives a trace without duration", () => {
    const window = clampWindow({ start: 0, end: 0 }, 0);
    expect(window).toEqual({ start: 0, end: minWindow });
    expect(new TimeScale(window, 100).toPixel(0)).toBe(0);
  });

  it("does not zoom closer than its limit", () => {
    const window = zoomWindow({ start: 0, end: 200 }, 0.001, 100, 1000);
    expect(window.end - window.start).toBe(minWindow);
  });
});

describe("ticks", () => {
  it("are round, inside the window and not crowded", () => {
    const scale = new TimeScale({ start: 130, end: 1130 }, 1000);
    expect(ticks(scale, 100)).toEqual([200, 300, 400, 500, 600, 700, 800, 900, 1000, 1100]);
  });

  it.each([
    [3, 5],
    [70, 100],
    [12e6, 20e6],
    [25e9, 30e9],
    [40e9, 60e9],
    [100e9, 120e9],
    [4000e9, 7200e9],
    [100_000e9, 172_800e9],
  ])("of at least %d ns are %d apart", (wanted, step) => {
    expect(niceStep(wanted)).toBe(step);
  });
});
