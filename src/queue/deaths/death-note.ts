/** What `onDead` is to queue once a job is dead: written down before it is, so that a crash in between loses nothing. */
export interface DeathNote {
  readonly jobId: string;
  readonly queue: string;
  /** When the job died, as the last line of that attempt has it: a job that is replayed may die more than once. */
  readonly at: number;
  readonly name: string;
  readonly data: unknown;
  readonly options: object;
}

/** Where notes are kept in the shared state. */
export const DEATH_NOTES = 'on-dead';

/** What any release may have written; undefined where it cannot be used. */
export function deathNoteIn(value: unknown): DeathNote | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { jobId, queue, at, name, data, options }: Partial<Record<keyof DeathNote, unknown>> = value;
  if (typeof jobId !== 'string' || typeof queue !== 'string' || typeof at !== 'number' || typeof name !== 'string')
    return undefined;
  return { jobId, queue, at, name, data, options: typeof options === 'object' && options !== null ? options : {} };
}
