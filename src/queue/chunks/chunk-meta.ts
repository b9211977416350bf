import type { Cause } from '../../tracing/index.ts';
import { writeMeta } from '../meta/job-meta.ts';

/** What one item follows from. */
export interface ItemCause {
  readonly correlationId: string | undefined;
  readonly traceparent: string | undefined;
  readonly causationId: string | undefined;
  readonly userId: string | undefined;
}

/** More would make the chunk larger than what it says about it is worth. */
const LINKS_AT_MOST = 16;

export function itemCause(traceparent: string | undefined, cause: Cause | undefined): ItemCause {
  return {
    correlationId: cause?.correlationId,
    traceparent: traceparent ?? cause?.traceparent,
    causationId: cause?.causationId,
    userId: cause?.userId,
  };
}

/** What a chunk follows from: what is the same for all of its items; of several traces it belongs to none, and is linked to some. */
export class ChunkCause {
  #shared: ItemCause;
  #links: Set<string> | undefined;

  constructor(first: ItemCause) {
    this.#shared = first;
  }

  get correlationId(): string | undefined {
    return this.#shared.correlationId;
  }

  get traceparent(): string | undefined {
    return this.#shared.traceparent;
  }

  add(next: ItemCause): void {
    // Items of one call.
    if (next === this.#shared) return;
    const { correlationId, traceparent, causationId, userId } = this.#shared;
    if (next.traceparent !== traceparent) {
      this.#link(traceparent);
      this.#link(next.traceparent);
    }
    const isSame =
      next.correlationId === correlationId &&
      next.traceparent === traceparent &&
      next.causationId === causationId &&
      next.userId === userId;
    if (isSame) return;
    this.#shared = {
      correlationId: next.correlationId === correlationId ? correlationId : undefined,
      traceparent: next.traceparent === traceparent ? traceparent : undefined,
      causationId: next.causationId === causationId ? causationId : undefined,
      userId: next.userId === userId ? userId : undefined,
    };
  }

  #link(traceparent: string | undefined): void {
    if (traceparent === undefined) return;
    this.#links ??= new Set();
    if (this.#links.size < LINKS_AT_MOST) this.#links.add(traceparent);
  }

  metadata(version: number, items?: number, encrypted?: readonly string[]): string | undefined {
    const links = this.#links && [...this.#links];
    return writeMeta({ version, ...this.#shared, links, items, encrypted });
  }
}
