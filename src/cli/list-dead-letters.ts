import { createScrubber, type App } from '../contracts/index.ts';
import type { Engine, EngineJob, EngineQueue } from '../engine/index.ts';
import { UndecodableJobError } from '../errors/index.ts';
import { readStoredJob } from '../queue/index.ts';

export interface DeadLetterLine {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** Milliseconds since 1970. */
  readonly endedAt: number | undefined;
  readonly attemptsMade: number;
  readonly reason: string;
}

export interface ListOptions {
  readonly queues: readonly string[];
  readonly limit: number;
  /** Expired and cancelled ones too. */
  readonly all: boolean;
}

/** Ends that a contract or a person asked for. */
const EXPECTED = /^JOB_(?:EXPIRED|CANCELLED)\b/;
const PAGE = 200;
/** Behind this many expired ones in one queue the search ends. */
const LOOK_AT = 20_000;

/** Newest end first, across queues. A job that cannot be read is listed as such. */
export async function listDeadLetters(
  engine: Engine,
  app: App,
  { queues, limit, all }: ListOptions,
): Promise<readonly DeadLetterLine[]> {
  const lines: DeadLetterLine[] = [];
  for (const name of queues) {
    const queue = await engine.queue(name);
    const found: DeadLetterLine[] = [];
    for (let start = 0; start < LOOK_AT && found.length < limit; start += PAGE) {
      const ids = await queue.getRanges(['failed'], start, start + PAGE - 1);
      const page = await Promise.all(ids.map(id => lineOf(queue, app, id)));
      found.push(...page.filter(line => line !== undefined).filter(({ reason }) => all || !EXPECTED.test(reason)));
      if (ids.length < PAGE) break;
    }
    lines.push(...found.slice(0, limit));
  }
  return lines.sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0)).slice(0, limit);
}

async function lineOf(queue: EngineQueue, app: App, id: string): Promise<DeadLetterLine | undefined> {
  let job: EngineJob | undefined;
  try {
    job = await readStoredJob(queue, id);
  } catch (error) {
    if (!(error instanceof UndecodableJobError)) throw error;
    return { id, name: '?', queue: queue.name, endedAt: undefined, attemptsMade: 0, reason: error.message };
  }
  // It was replayed or discarded meanwhile.
  if (job === undefined) return undefined;
  const { name, finishedOn: endedAt, attemptsMade, failedReason = '' } = job;
  const contract = app.jobs.get(name);
  const reason = contract === undefined ? failedReason : createScrubber(contract, job.data)(failedReason);
  return { id, name, queue: queue.name, endedAt, attemptsMade, reason };
}
