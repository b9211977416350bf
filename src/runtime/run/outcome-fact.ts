import { itemsIn } from '../../contracts/index.ts';
import { emitDead } from './burial.ts';
import { runFields, waitedMs, type RunContext } from './run-context.ts';
import { scrubbedReason, storedError } from './stored-error.ts';
import type { Outcome } from './outcome.ts';

const FACT_OF = {
  succeeded: 'job.succeeded',
  retry: 'job.retried',
  snoozed: 'job.snoozed',
  cancelled: 'job.cancelled',
  dead: 'job.dead',
  divided: 'job.divided',
  'handed-back': 'job.handed-back',
} as const;

/** Emits the fact of an outcome, to be called once the engine has confirmed it; undefined where nobody listens: the fields are then never built. */
export function outcomeFact(run: RunContext, outcome: Outcome): (() => void) | undefined {
  const { facts } = run.at;
  if (!facts.wants(FACT_OF[outcome.kind])) return undefined;
  const fields = runFields(run);
  const ranMs = Math.round(performance.now() - run.begunAt);
  const items = itemCount(run);
  switch (outcome.kind) {
    case 'succeeded':
      return () => facts.emit('job.succeeded', { ...fields, waitedMs: waitedMs(run), ranMs, ...items });
    case 'retry': {
      const error = storedError(run, outcome.error);
      return () =>
        facts.emit('job.retried', {
          ...fields,
          waitedMs: waitedMs(run),
          ranMs,
          retryInMs: outcome.afterMs,
          error,
          ...items,
        });
    }
    case 'snoozed': {
      const { untilMs, alarm } = outcome;
      const reason = scrubbedReason(run, outcome.reason);
      return () => facts.emit('job.snoozed', { ...fields, untilMs, reason, alarm });
    }
    case 'cancelled': {
      const reason = scrubbedReason(run, outcome.reason);
      return () => facts.emit('job.cancelled', { ...fields, reason });
    }
    case 'dead': {
      const error = storedError(run, outcome.error);
      return () => emitDead(facts, fields, { waitedMs: waitedMs(run), ranMs, reason: outcome.reason, error, ...items });
    }
    case 'divided': {
      const { done, retry, dead } = outcome;
      const counts = { done, retried: retry?.items.length ?? 0, dead: dead.length };
      return () => facts.emit('job.divided', { ...fields, waitedMs: waitedMs(run), ranMs, ...counts });
    }
    case 'handed-back':
      return () => facts.emit('job.handed-back', { ...fields, ranMs });
  }
}

/** Of a chunk alone. */
function itemCount({ assignment, job }: RunContext): { readonly items?: number } {
  return assignment?.contract.chunk === undefined ? {} : { items: itemsIn(job.data).length };
}
