import { itemsIn, type DividedOutcome } from '../../../contracts/index.ts';
import type { PartDeath } from '../../../queue/index.ts';
import type { Outcome } from '../outcome.ts';
import type { RunContext } from '../run-context.ts';
import { DIVISION, readDivision } from './stored-division.ts';
import { replayedAt } from './division.ts';

/**
 * What a job of a chunk came to before this run, which then calls no handler: an item that was dead in its chunk, and a chunk that was divided by
 * a process that died before it could say so. Undefined where it is to run.
 */
export async function decidedBefore(run: RunContext): Promise<Outcome | undefined> {
  const { job, meta, assignment } = run;
  const replay = replayedAt(run);
  const death = replay === 0 ? meta.part?.death : undefined;
  if (death !== undefined) return { kind: 'dead', reason: death.reason, error: errorOf(death) };
  if (assignment?.contract.chunk === undefined || job.attemptsStarted < 2) return undefined;
  const steps = await run.at.steps.readSteps({ jobId: job.id, token: job.token });
  const stored = steps?.get(DIVISION);
  const division = stored === undefined ? undefined : readDivision(stored);
  if (division === undefined || division.replayedAt !== replay) return undefined;
  const { done, retry, dead } = division;
  // Items were taken out of it since, as of a person who was erased: it says nothing of those that are left.
  if (done + (retry?.items.length ?? 0) + dead.length !== itemsIn(job.data).length) return undefined;
  const divided: DividedOutcome = {
    kind: 'divided',
    done,
    retry: retry && {
      items: retry.items,
      afterMs: Math.max(0, retry.due - run.now()),
      error: errorOf(retry.death),
    },
    dead: dead.map(each => ({ item: each.item, reason: each.death.reason, error: errorOf(each.death) })),
  };
  return divided;
}

/** It was scrubbed when it was stored, and its code stands in its message. */
function errorOf({ name, message, stack }: PartDeath): Error {
  const error = new Error(message);
  error.name = name;
  error.stack = stack === '' ? `${name}: ${message}` : stack;
  return error;
}
