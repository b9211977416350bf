import type { GroupedOptions } from './groups.ts';

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
}

/**
 * The id under which the job stands: its own, also where it stood there before; another one where its deduplication id stands for another job.
 * `refused`: the engine cannot hold it; the others of its trip were added.
 */
export type AddAnswer =
  { readonly kind: 'stands'; readonly id: string } | { readonly kind: 'refused'; readonly reason: string };

/** All options of a job. */
export function optionsOf({ opts, metadata }: Pick<NewJob, 'opts' | 'metadata'>): Readonly<GroupedOptions> {
  return metadata === undefined ? opts : { ...opts, telemetry: { metadata } };
}
