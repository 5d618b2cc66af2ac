// Segments whose rollups go into the engine together. A segment belongs to a group from the moment it is
// opened, which its id says for ever, so a replay forms the same groups under the same tokens. The logs
// stay until the group's rollups are in the engine (docs/adr/0009-rollups-by-group.md). A segment that comes
// after a lull is a group of its own: nobody would share its inserts, and who sends a first trace wants to see it.

import { groupOf, RollupGroup } from "@clew/storage";

/** The segments of a group that are not done, and the sums of those that are encoded. */
export class SegmentGroup {
  readonly id: string;
  readonly rollups: RollupGroup = new RollupGroup();
  /** Segments whose rows are in the engine and whose logs wait for the group. */
  readonly inserted: string[] = [];
  readonly #open = new Set<string>();
  readonly #counted = new Set<string>();
  #takesMore: boolean;

  constructor(id: string, takesMore: boolean) {
    this.id = id;
    this.#takesMore = takesMore;
  }

  /** True when its rollups can become rows: there will be no more segments, and all are in the engine. */
  get isComplete(): boolean {
    return !this.#takesMore && this.#open.size === 0;
  }

  get takesMore(): boolean {
    return this.#takesMore;
  }

  enter(id: string): void {
    this.#open.add(id);
  }

  /** The sums that segment `id` is to be added to; undefined when it was added before. */
  rollupsFor(id: string): RollupGroup | undefined {
    if (this.#counted.has(id)) return undefined;
    this.#counted.add(id);
    return this.rollups;
  }

  /** The segment is in the engine, or (`isKept` false) it has come to nothing or was set aside. */
  leave(id: string, isKept: boolean): void {
    if (this.#open.delete(id) && isKept) this.inserted.push(id);
  }

  close(): void {
    this.#takesMore = false;
  }
}

/** All groups that are not in the engine yet. */
export class SegmentGroups {
  readonly #groups = new Map<string, SegmentGroup>();
  readonly #groupForMs: number;
  readonly #onComplete: (group: SegmentGroup) => void;
  #current: SegmentGroup | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the last segment was opened, or this was made. */
  #openedMs: number = performance.now();

  /** `onComplete` is called once for each group that has at least one segment in the engine. */
  constructor(groupForMs: number, onComplete: (group: SegmentGroup) => void) {
    this.#groupForMs = groupForMs;
    this.#onComplete = onComplete;
  }

  /** Id of a new segment's group, undefined when it is to be the first of a new one. */
  get currentId(): string | undefined {
    return this.#current?.id;
  }

  /** Segment `id` was opened. */
  opened(id: string): void {
    const group = this.#groups.get(groupOf(id)) ?? this.#begin(id);
    group.enter(id);
    this.#openedMs = performance.now();
  }

  /** A former process left segment `id`; all it left must be said before the first is worked on. */
  found(id: string): void {
    const groupId = groupOf(id);
    const group = this.#groups.get(groupId) ?? new SegmentGroup(groupId, false);
    this.#groups.set(groupId, group);
    group.enter(id);
  }

  /** See `SegmentGroup.rollupsFor`. */
  rollupsFor(id: string): RollupGroup | undefined {
    return this.#groups.get(groupOf(id))?.rollupsFor(id);
  }

  /** See `SegmentGroup.leave`. */
  left(id: string, isKept: boolean): void {
    const group = this.#groups.get(groupOf(id));
    group?.leave(id, isKept);
    if (group !== undefined) this.#look(group);
  }

  /** The next segment begins a new group. */
  closeCurrent(): void {
    clearTimeout(this.#timer);
    const group = this.#current;
    this.#current = undefined;
    group?.close();
    if (group !== undefined) this.#look(group);
  }

  #begin(id: string): SegmentGroup {
    const isAlone = performance.now() - this.#openedMs > this.#groupForMs;
    const group = new SegmentGroup(id, !isAlone);
    this.#groups.set(id, group);
    if (isAlone) return group;
    this.#current = group;
    this.#timer = setTimeout(() => this.closeCurrent(), this.#groupForMs);
    return group;
  }

  #look(group: SegmentGroup): void {
    if (!group.isComplete || !this.#groups.delete(group.id)) return;
    if (group.inserted.length > 0) this.#onComplete(group);
  }
}
