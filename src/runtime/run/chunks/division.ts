import { itemsIn, type DividedOutcome } from '../../../contracts/index.ts';
import type { NewJob, StoredKey } from '../../../engine/index.ts';
import { chunkJson, marksOf, partId, writeMeta, type PartDeath } from '../../../queue/index.ts';
import type { RunContext } from '../run-context.ts';
import { storedError } from '../stored-error.ts';

/** A chunk that was divided, as it is kept with its job until that has ended: whoever runs the job again does the same again. */
export interface Division {
  /** When the job was replayed before the run that divided it; 0: not. A replay after it divides anew. */
  readonly replayedAt: number;
  readonly done: number;
  /** `due`: engine time. */
  readonly retry: { readonly items: readonly number[]; readonly due: number; readonly death: PartDeath } | undefined;
  readonly dead: readonly { readonly item: number; readonly death: PartDeath }[];
}

/** How long the id of the part that comes again is known after its end: whoever divides the chunk again by then makes no second one. */
const KNOWN_MS = 86_400_000;
const OF_ONE_JOB = ['delay', 'deduplication', 'telemetry', 'parent', 'jobId', 'lifo'] as const;
const MESSAGE_LIMIT = 500;
const STACK_LIMIT = 1_000;
/** Of many dead items the first ones tell where it failed: all of them would be larger than the chunk. */
const STACKS = 10;

export function divisionOf(run: RunContext, { done, retry, dead }: DividedOutcome): Division {
  return {
    replayedAt: replayedAt(run),
    done,
    retry: retry && {
      items: retry.items,
      due: Math.ceil(run.now() + retry.afterMs),
      death: storedDeath(run, 'attempts-exhausted', retry.error, false),
    },
    dead: dead.map(({ item, reason, error }, index) => ({
      item,
      death: storedDeath(run, reason, error, index < STACKS),
    })),
  };
}

/** The jobs that a divided chunk becomes: one of all items that come again, and one of each that is dead. Their ids are made of the chunk's. */
export function partsOf(run: RunContext, { retry, dead, replayedAt: replay }: Division): readonly NewJob[] {
  const { job, attempt } = run;
  const items = itemsIn(job.data);
  const of = (indexes: readonly number[]): string => chunkJson(indexes.map(index => JSON.stringify(items[index])));
  const id = (part: string): string => partId(run.at.queue, job.timestamp, job.id, `${part} ${replay}`);
  const { opts, attempts } = ownOptions(run);
  const parts: NewJob[] = [];
  if (retry !== undefined) {
    const again = id('again');
    const delay = Math.max(0, retry.due - job.timestamp);
    const key: StoredKey = { id: again, keep: 'first', for: KNOWN_MS, always: true };
    parts.push({
      id: again,
      name: job.name,
      data: of(retry.items),
      opts: {
        ...opts,
        attempts: Math.max(1, attempts - attempt),
        ...(delay > 0 && { delay }),
        deduplication: key,
      },
      metadata: metadataOf(run, retry.items.length, attempt),
      timestamp: job.timestamp,
    });
  }
  for (const { item, death } of dead) {
    parts.push({
      id: id(`item ${item}`),
      name: job.name,
      data: of([item]),
      opts: { ...opts, attempts: Math.max(1, attempts - attempt + 1) },
      metadata: metadataOf(run, 1, attempt - 1, death),
      timestamp: job.timestamp,
    });
  }
  return parts;
}

/** What the parts have of the chunk's options: all but what belongs to that one job. */
function ownOptions({ job, attempts }: RunContext): { readonly opts: NewJob['opts']; readonly attempts: number } {
  const opts = { ...job.opts };
  for (const own of OF_ONE_JOB) delete opts[own];
  return { opts, attempts };
}

function metadataOf(
  { meta, jobId }: RunContext,
  items: number,
  attempts: number,
  death?: PartDeath,
): string | undefined {
  return writeMeta({ ...meta, items, part: { of: jobId, attempts, death } });
}

function storedDeath(run: RunContext, reason: PartDeath['reason'], error: Error, withStack: boolean): PartDeath {
  const { name, message, stack = '' } = storedError(run, error);
  return {
    reason,
    name,
    message: message.slice(0, MESSAGE_LIMIT),
    stack: withStack ? stack.slice(0, STACK_LIMIT) : '',
  };
}

export function replayedAt({ job }: Pick<RunContext, 'job'>): number {
  return typeof job.progress === 'object' ? (marksOf(job.progress).replayedAt ?? 0) : 0;
}
