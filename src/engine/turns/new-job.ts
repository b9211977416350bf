import type { GroupedOptions } from './groups.ts';
import type { KeyBefore } from './stored-key.ts';

/** A job to be added. */
export interface NewJob {
  readonly id: string;
  readonly name: string;
  /** As JSON. */
  readonly data: string;
  /** BullMQ's long names: `delay`, `priority`, `lifo`, `deduplication`, `attempts`, retention, ...; and the job's groups. Many jobs may share frozen ones. */
  readonly opts: Readonly<GroupedOptions>;
  /** The `telemetry.metadata` of its options, where these are shared and have none. */
  readonly metadata?: string | undefined;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** For one with a `StoredKey` in its options: looked for, too. */
  readonly before?: KeyBefore | undefined;
  /** For one with a `StoredKey`: the job whose key it takes. Where another one has the key it is not added, and that one is its conflict. */
  readonly instead?: string | undefined;
}

/**
 * - `stands`: the id under which the job stands: its own, also where it stood there before; another one where its key stands for another job
 * - `updated`: the job of that id had the key, waits, and has taken over the data and the time of this one
 * - `conflict`: the key stands for the job of that id, which has other data or can take over none
 * - `refused`: the engine cannot hold it; the others of its trip were added
 */
export type AddAnswer =
  | { readonly kind: 'stands' | 'updated' | 'conflict'; readonly id: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** All options of a job. */
export function optionsOf({ opts, metadata }: Pick<NewJob, 'opts' | 'metadata'>): Readonly<GroupedOptions> {
  return metadata === undefined ? opts : { ...opts, telemetry: { metadata } };
}
