import type { Fact, Facts } from '../../facts/index.ts';

/** What became of one run, as the platform has stated it. */
export interface RecordedRun {
  readonly jobId: string;
  readonly name: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly outcome: 'succeeded' | 'retried' | 'snoozed' | 'cancelled' | 'dead' | 'divided' | 'handed-back';
  /** Why it is dead, was cancelled, or comes again later. */
  readonly reason: string | undefined;
  /** What the handler failed with, without what is sensitive. */
  readonly error: Error | undefined;
}

/** Writes down every run's outcome, oldest first. */
export function recordRuns(facts: Facts): readonly RecordedRun[] {
  const runs: RecordedRun[] = [];
  facts.onAny(fact => {
    const run = runOf(fact);
    if (run !== undefined) runs.push(run);
  });
  return runs;
}

function runOf(fact: Fact): RecordedRun | undefined {
  switch (fact.name) {
    case 'job.succeeded':
      return run(fact.fields, 'succeeded');
    case 'job.retried':
      return run(fact.fields, 'retried', { error: fact.fields.error });
    case 'job.snoozed':
      return run(fact.fields, 'snoozed', { reason: fact.fields.reason });
    case 'job.cancelled':
      return run(fact.fields, 'cancelled', { reason: fact.fields.reason });
    case 'job.dead':
      return run(fact.fields, 'dead', { reason: fact.fields.reason, error: fact.fields.error });
    case 'job.divided':
      return run(fact.fields, 'divided');
    case 'job.handed-back':
      return run(fact.fields, 'handed-back');
    default:
      return undefined;
  }
}

function run(
  { jobId, jobName: name, attempt }: { readonly jobId: string; readonly jobName: string; readonly attempt: number },
  outcome: RecordedRun['outcome'],
  { reason, error }: { readonly reason?: string; readonly error?: Error } = {},
): RecordedRun {
  return { jobId, name, attempt, outcome, reason, error };
}
