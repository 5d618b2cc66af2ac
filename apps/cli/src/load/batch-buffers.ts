// Encoded spans waiting in the exporters of all pods: one growing byte buffer for each scope of each
// pod, and their assembly into an ExportTraceServiceRequest with one ResourceSpans.

import { defined } from "@clew/base";
import { SCOPES, type World } from "./world.ts";

const INITIAL_CAPACITY = 16_384;

/** Spans of one scope of one pod, each a tagged field of ScopeSpans. */
export class ScopeBuffer {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL_CAPACITY);
  view: DataView = new DataView(this.bytes.buffer);
  length = 0;

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

class Output {
  readonly bytes: Uint8Array<ArrayBuffer>;
  at = 0;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
  }

  header(tag: number, length: number): void {
    this.bytes[this.at++] = tag;
    let rest = length;
    while (rest >= 128) {
      this.bytes[this.at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.at++] = rest;
  }

  append(source: Uint8Array): void {
    this.bytes.set(source, this.at);
    this.at += source.length;
  }
}

function delimited(length: number): number {
  return 1 + varintLength(length) + length;
}

/** The buffers of all pods of a world. */
export class BatchBuffers {
  readonly scopes: readonly ScopeBuffer[];
  /** Spans waiting, by pod. */
  readonly counts: Int32Array;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    this.counts = new Int32Array(world.instances.length);
    this.scopes = Array.from({ length: world.instances.length * SCOPES }, () => new ScopeBuffer());
  }

  /** The request of everything that waits in pod `instance`; its buffers are empty afterwards. */
  take(instance: number): Uint8Array<ArrayBuffer> {
    const { resource } = defined(this.#world.instances[instance], "a pod");
    const headers = defined(this.#world.serviceOfInstance[instance], "its service").scopes;
    const lengths: number[] = [];
    let content = delimited(resource.length);
    for (let scope = 0; scope < SCOPES; scope++) {
      const spans = defined(this.scopes[instance * SCOPES + scope], "a buffer").length;
      const length = spans === 0 ? 0 : spans + defined(headers[scope], "a scope").length;
      lengths.push(length);
      if (length > 0) content += delimited(length);
    }
    const output = new Output(delimited(content));
    output.header(0x0a, content);
    output.header(0x0a, resource.length);
    output.append(resource);
    for (let scope = 0; scope < SCOPES; scope++) {
      const buffer = defined(this.scopes[instance * SCOPES + scope], "a buffer");
      if (buffer.length === 0) continue;
      output.header(0x12, defined(lengths[scope], "a length"));
      output.append(defined(headers[scope], "a scope"));
      output.append(buffer.bytes.subarray(0, buffer.length));
      buffer.length = 0;
    }
    this.counts[instance] = 0;
    return output.bytes;
  }

  /** Drops everything that waits. */
  clear(): void {
    this.counts.fill(0);
    for (const buffer of this.scopes) buffer.length = 0;
  }
}
