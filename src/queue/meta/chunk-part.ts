import { DEAD_REASONS, type DeadReason } from '../../facts/index.ts';

/** What a job that was a part of a chunk knows of that: it holds those of its items that come again, or one that is dead. */
export interface ChunkPart {
  /** The chunk's job. */
  readonly of: string;
  /** Attempts that its items had before. */
  readonly attempts: number;
  /** Why its item is dead: it is not run, unless it is replayed. */
  readonly death?: PartDeath | undefined;
}

/** As it may be stored: scrubbed and bounded by whoever made it. */
export interface PartDeath {
  readonly reason: DeadReason;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

export function writePart({ of, attempts, death }: ChunkPart): object {
  const { reason, name, message, stack } = death ?? {};
  return { o: of, n: attempts, ...(death !== undefined && { d: [reason, name, message, stack] }) };
}

/** Undefined for what is none: another program may have written anything. */
export function readPart(value: unknown): ChunkPart | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { o: of, n: attempts, d }: Partial<Record<'o' | 'n' | 'd', unknown>> = value;
  if (typeof of !== 'string' || typeof attempts !== 'number' || !Number.isInteger(attempts) || attempts < 0)
    return undefined;
  const death = readDeath(d);
  return { of, attempts, ...(death !== undefined && { death }) };
}

function readDeath(value: unknown): PartDeath | undefined {
  if (!Array.isArray(value)) return undefined;
  const [given, name, message, stack]: readonly unknown[] = value;
  const reason = DEAD_REASONS.find(each => each === given);
  if (reason === undefined) return undefined;
  return { reason, name: String(name), message: String(message), stack: String(stack) };
}
