export const MARK_KINDS = [
  'deploy',
  'crash',
  'host-lost',
  'paused',
  'resumed',
  'sick',
  'well',
  'action',
  'clock',
  'engine',
] as const;
export type MarkKind = (typeof MARK_KINDS)[number];

/** Something that happened and that explains what the runs came to. */
export interface Mark {
  readonly kind: MarkKind;
  /** Engine time, milliseconds since 1970. */
  readonly at: number;
  /** A sentence without anything personal. */
  readonly text: string;
  /** Undefined: it concerns all. */
  readonly queue?: string | undefined;
  /** The part of the queue: `job/CONTRACT`, `LIMIT/KEY`, a destination, or one job (`partOfJob`). */
  readonly part?: string | undefined;
  readonly by?: string | undefined;
}

/** The part of a queue that one job is: what was done to it is part of no other one's story. */
export function partOfJob(id: string): string {
  return `id/${id}`;
}

const TEXT_LIMIT = 400;

/** The same mark has the same text: said by several processes at once it stands there once. */
export function writtenMark({ kind, at, text, queue, part, by }: Mark): string {
  return JSON.stringify({ k: kind, a: at, t: text.slice(0, TEXT_LIMIT), q: queue, p: part, b: by });
}

export function markIn(written: string): Mark | undefined {
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { k, a, t, q, p, b }: Partial<Record<'k' | 'a' | 't' | 'q' | 'p' | 'b', unknown>> = value;
  const kind = MARK_KINDS.find(each => each === k);
  if (kind === undefined || typeof a !== 'number' || typeof t !== 'string') return undefined;
  const text = (given: unknown): string | undefined => (typeof given === 'string' ? given : undefined);
  return { kind, at: a, text: t, queue: text(q), part: text(p), by: text(b) };
}
