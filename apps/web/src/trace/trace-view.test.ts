import { layoutTrace } from "@clew/analysis";
import { sampleBatch } from "@clew/analysis/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { TraceView, type ViewChange } from "./trace-view.ts";

//  row  span
//   0   1            0..1000
//   1   ├ 2        100..400
//   2   │ ├ 3      110..200
//   3   │ └ 4      210..300  error
//   4   ├ 5        500..900
//   5   │ └ 6      600..700  error
//   6   7          1000..1100
function open(): TraceView {
  return new TraceView(
    layoutTrace(
      sampleBatch([
        { id: 1, start: 0, end: 1000 },
        { id: 2, parent: 1, start: 100, end: 400 },
        { id: 3, parent: 2, start: 110, end: 200 },
        { id: 4, parent: 2, start: 210, end: 300, error: true },
        { id: 5, parent: 1, start: 500, end: 900 },
        { id: 6, parent: 5, start: 600, end: 700, error: true },
        { id: 7, start: 1000, end: 1100 },
      ]),
    ),
  );
}

let view: TraceView;
beforeEach(() => {
  view = open();
});

const shown = (): number[] => [...view.rows];

describe("collapsing", () => {
  it("hides a subtree and nothing else", () => {
    view.toggle(1);
    expect(shown()).toEqual([0, 1, 4, 5, 6]);
    view.toggle(1);
    expect(shown()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it("of everything leaves the roots and their children", () => {
    view.collapseAll();
    expect(shown()).toEqual([0, 1, 4, 6]);
    view.expandAll();
    expect(shown()).toHaveLength(7);
  });

  it("goes level by level", () => {
    view.changeLevel(-1);
    expect(shown()).toEqual([0, 1, 4, 6]);
    view.changeLevel(-1);
    expect(shown()).toEqual([0, 6]);
    view.changeLevel(1);
    expect(shown()).toEqual([0, 1, 4, 6]);
    view.changeLevel(1);
    expect(shown()).toHaveLength(7);
  });

  it("moves a selection that it hides to the row that hides it", () => {
    view.select(3);
    view.collapseAll();
    expect(view.selected).toBe(1);
  });
});

describe("moving by keyboard", () => {
  it("steps over what is collapsed and stops at the ends", () => {
    view.toggle(1);
    view.select(1);
    view.move(1);
    expect(view.selected).toBe(4);
    view.move(-5);
    expect(view.selected).toBe(0);
    view.moveToEdge("last");
    view.move(1);
    expect(view.selected).toBe(6);
  });

  it("goes left to collapse and then to the parent, right to expand and then to the child", () => {
    view.select(1);
    view.collapseOrParent();
    expect(view.collapsed[1]).toBe(1);
    view.collapseOrParent();
    expect(view.selected).toBe(0);
    view.select(1);
    view.expandOrChild();
    expect(view.collapsed[1]).toBe(0);
    view.expandOrChild();
    expect(view.selected).toBe(2);
    view.expandOrChild();
    expect(view.selected).toBe(2);
  });

  it("finds siblings across subtrees, roots included", () => {
    view.select(4);
    view.moveToSibling(-1);
    expect(view.selected).toBe(1);
    view.moveToSibling(-1);
    expect(view.selected).toBe(1);
    view.moveToSibling(1);
    expect(view.selected).toBe(4);
    view.select(6);
    view.moveToSibling(-1);
    expect(view.selected).toBe(0);
  });

  it("goes round the errors and opens what hides them", () => {
    view.collapseAll();
    view.moveToError(1);
    expect(view.selected).toBe(3);
    expect(shown()).toContain(3);
    view.moveToError(1);
    expect(view.selected).toBe(5);
    view.moveToError(1);
    expect(view.selected).toBe(3);
    view.moveToError(-1);
    expect(view.selected).toBe(5);
  });
});

describe("search matches", () => {
  it("are stepped through in order from the selection, round and round", () => {
    view.setMatches(Uint8Array.from([0, 1, 0, 1, 0, 0, 1]));
    expect(view.matchIndex).toBe(-1);
    view.select(2);
    view.moveToMatch(1);
    expect([view.selected, view.matchIndex]).toEqual([3, 1]);
    view.moveToMatch(1);
    view.moveToMatch(1);
    expect([view.selected, view.matchIndex]).toEqual([1, 0]);
    view.moveToMatch(-1);
    expect(view.selected).toBe(6);
    view.select(2);
    view.moveToMatch(-1);
    expect(view.selected).toBe(1);
  });

  it("may be none", () => {
    view.setMatches(new Uint8Array(7));
    view.moveToMatch(1);
    expect(view.selected).toBe(-1);
  });
});

describe("the window of time", () => {
  it("never leaves the trace", () => {
    view.pan(-3);
    expect(view.window.start).toBe(0);
    view.zoom(0.5, 1100);
    expect(view.window).toEqual({ start: 550, end: 1100 });
    view.pan(5);
    expect(view.window.end).toBe(1100);
    view.zoom(1e9);
    expect(view.isWhole).toBe(true);
  });

  it("keeps the time under the pointer in place while zooming", () => {
    view.zoom(0.5, 275);
    expect((275 - view.window.start) / (view.window.end - view.window.start)).toBeCloseTo(0.25);
  });

  it("focuses the selection with room, then edge to edge", () => {
    view = new TraceView(
      layoutTrace(
        sampleBatch([
          { id: 1, start: 0, end: 10_000_000 },
          { id: 2, parent: 1, start: 4_000_000, end: 5_000_000 },
        ]),
      ),
    );
    view.select(1);
    view.focusSelection();
    expect(view.window).toEqual({ start: 3_750_000, end: 5_250_000 });
    view.focusSelection();
    expect(view.window).toEqual({ start: 4_000_000, end: 5_000_000 });
  });
});

it("listeners hear what changed until they leave", () => {
  const heard: ViewChange[] = [];
  const leave = view.subscribe((change) => heard.push(change));
  view.select(3);
  view.select(3);
  view.zoom(0.5);
  view.toggle(0);
  leave();
  view.showAll();
  expect(heard).toEqual(["selection", "reveal", "reveal", "window", "rows"]);
});
