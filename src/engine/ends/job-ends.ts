export interface JobPlace {
  readonly queue: string;
  readonly id: string;
}

/**
 * - `open`: it waits or runs
 * - `unknown`: the queue has no such job, and no result of one
 * - `unreadable`: something else is kept in its place
 */
export type EndedJob =
  | { readonly kind: 'open' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'succeeded'; /** As JSON. */ readonly result: string }
  | {
      readonly kind: 'failed';
      /** Why its last attempt failed. */
      readonly message: string;
      /** The last line of its log, which says why there was no other attempt. */
      readonly lastLine: string | undefined;
    };

/** A child of a job, as its parent knows it: also where the child is gone. */
export interface ChildStanding extends JobPlace {
  readonly state: 'open' | 'succeeded' | 'failed';
  /** As JSON; of one that has succeeded. */
  readonly result?: string;
  /** Why it failed, of one that the parent goes on without. */
  readonly message?: string;
}

/** Methods reject with EngineUnreachableError, or the driver's connection error, while the engine is away. */
export interface JobEnds {
  /** In the order of the jobs; all of them in one trip. One that is damaged spoils no other's answer. */
  read(jobs: readonly JobPlace[]): Promise<readonly EndedJob[]>;
  /**
   * Of each job a text that is another one as soon as its state, its attempts or its progress have changed; undefined where the queue has no such
   * job. In the order of the jobs, all of them in one trip: for whoever follows many.
   */
  signs(jobs: readonly JobPlace[]): Promise<readonly (string | undefined)[]>;
  /** The children of a job, in no order; none where it has none. A child that its parent has no part of any more is not among them. */
  children(job: JobPlace): Promise<readonly ChildStanding[]>;
  /** Drops what is kept beside these jobs, also where they are gone: results for those who wait, steps. Answers how many results there were. */
  forget(jobs: readonly JobPlace[]): Promise<number>;
  /** When a job that is delayed is due, by the engine's time; undefined where it is not delayed. */
  dueAt(job: JobPlace): Promise<number | undefined>;
  /** Notifies every process that listens. A message may be lost: whoever waits looks as well. */
  announce(jobIds: readonly string[]): Promise<void>;
  /**
   * Calls back with the ids that are announced, and without any where some may have been missed. One connection for this process, from the
   * first call on.
   */
  listen(heard: (jobIds?: readonly string[]) => void): Promise<void>;
}

/** The place of a child from the key under which its parent knows it: `...:QUEUE:ID`. */
export function placeOfKey(key: string): JobPlace {
  const parts = key.split(':');
  return { queue: parts.at(-2) ?? '', id: parts.at(-1) ?? '' };
}

/** PostgreSQL takes 8,000 bytes in a notification. */
const MOST = 100;

/** Ids as messages carry them. */
export function idsText(jobIds: readonly string[]): readonly string[] {
  const texts: string[] = [];
  for (let from = 0; from < jobIds.length; from += MOST) texts.push(jobIds.slice(from, from + MOST).join(' '));
  return texts;
}

export function endedIds(text: string): readonly string[] {
  return text.split(' ');
}
