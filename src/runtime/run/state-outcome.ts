import { runFields, waitedMs, type RunContext } from './run-context.ts';
import { statedReason, storedError } from './stored-error.ts';
import type { Settlement } from './settlement.ts';

const FACT_OF = {
  succeeded: 'job.succeeded',
  retry: 'job.retried',
  snoozed: 'job.snoozed',
  cancelled: 'job.cancelled',
  dead: 'job.dead',
  'handed-back': 'job.handed-back',
} as const;

/** What to state when the outcome is confirmed; undefined when nobody listens: the fields are then never built. */
export function outcomeStatement(run: RunContext, settlement: Settlement): (() => void) | undefined {
  const { facts } = run.at;
  if (!facts.wants(FACT_OF[settlement.kind])) return undefined;
  const fields = runFields(run);
  const ranMs = Math.round(performance.now() - run.begunAt);
  switch (settlement.kind) {
    case 'succeeded':
      return () => facts.emit('job.succeeded', { ...fields, waitedMs: waitedMs(run), ranMs });
    case 'retry': {
      const error = storedError(run, settlement.error);
      return () => facts.emit('job.retried', { ...fields, ranMs, retryInMs: settlement.afterMs, error });
    }
    case 'snoozed': {
      const { untilMs, alarm } = settlement;
      const reason = statedReason(run, settlement.reason);
      return () => facts.emit('job.snoozed', { ...fields, untilMs, reason, alarm });
    }
    case 'cancelled': {
      const reason = statedReason(run, settlement.reason);
      return () => facts.emit('job.cancelled', { ...fields, reason });
    }
    case 'dead': {
      const error = storedError(run, settlement.error);
      return () => facts.emit('job.dead', { ...fields, ranMs, reason: settlement.reason, error });
    }
    case 'handed-back':
      return () => facts.emit('job.handed-back', { ...fields, ranMs });
  }
}
