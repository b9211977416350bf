import type { JobKind } from './queue-contents.ts';

export type SpaceKind = JobKind | 'events';

/** What a queue takes, reckoned from a few jobs of each kind. */
export interface QueueSpace {
  readonly name: string;
  readonly bytes: Readonly<Record<SpaceKind, number>>;
}

/** What an engine has stored, and how much it can. */
export interface EngineSpace {
  readonly usedBytes: number;
  /** What it may take, or the memory of its machine where nobody has set that; undefined where it does not say. */
  readonly limit: { readonly bytes: number; readonly of: 'maxmemory' | 'machine' } | undefined;
  readonly queues: readonly QueueSpace[];
}
