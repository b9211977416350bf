import { runFields, waitedMs, type RunContext } from './run-context.ts';
import { scrubbedReason, storedError } from './stored-error.ts';
import type { Outcome } from './outcome.ts';

const FACT_OF = {
  succeeded: 'job.succeeded',
  retry: 'job.retried',
  snoozed: 'job.snoozed',
  cancelled: 'job.cancelled',
  dead: 'job.dead',
  'handed-back': 'job.handed-back',
} as const;

/** Emits the fact of an outcome, to be called once the engine has confirmed it; undefined where nobody listens: the fields are then never built. */
export function outcomeFact(run: RunContext, outcome: Outcome): (() => void) | undefined {
  const { facts } = run.at;
  if (!facts.wants(FACT_OF[outcome.kind])) return undefined;
  const fields = runFields(run);
  const ranMs = Math.round(performance.now() - run.begunAt);
  switch (outcome.kind) {
    case 'succeeded':
      return () => facts.emit('job.succeeded', { ...fields, waitedMs: waitedMs(run), ranMs });
    case 'retry': {
      const error = storedError(run, outcome.error);
      return () => facts.emit('job.retried', { ...fields, ranMs, retryInMs: outcome.afterMs, error });
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
      return () => facts.emit('job.dead', { ...fields, ranMs, reason: outcome.reason, error });
    }
    case 'handed-back':
      return () => facts.emit('job.handed-back', { ...fields, ranMs });
  }
}
