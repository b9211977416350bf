import type { FactTable, Facts, JobFields, RunFields } from '../../facts/index.ts';
import type { RunOutcome } from '../record/run-record.ts';
import type { JournalWriter } from './journal-writer.ts';

export interface RecordRunsOptions {
  readonly writer: JournalWriter;
  /** Engine time. */
  readonly now: () => number;
  /** The fingerprint that dead letters of the same cause have. */
  readonly causeOf: (failure: { readonly jobName: string; readonly error: string; readonly message: string }) => string;
}

const MESSAGE_KEPT = 300;

/** Gives what this process says of its runs to the journal. Answers what stops it. */
export function recordRuns(facts: Facts, { writer, now, causeOf }: RecordRunsOptions): () => void {
  const base = (
    fields: RunFields & { readonly waitedMs?: number | undefined },
    outcome: RunOutcome,
    ranMs?: number,
  ) => ({
    ...jobPart(fields),
    outcome,
    endedAt: Math.floor(now()),
    waitedMs: fields.waitedMs,
    ranMs,
    attempt: fields.attempt,
    tags: fields.tags ?? [],
  });
  const failure = (jobName: string, error: Error) => {
    const [line = ''] = error.message.split('\n', 1);
    return {
      error: error.name.slice(0, 100),
      message: line.slice(0, MESSAGE_KEPT),
      cause: causeOf({ jobName, error: error.name, message: error.message }),
    };
  };
  const stops = [
    facts.on('job.succeeded', ({ fields }) => {
      const { jobName, queue, waitedMs, ranMs, items } = fields;
      if (!writer.keepsSuccess(jobName)) return writer.count(jobName, queue, waitedMs, ranMs);
      const run = base(fields, 'succeeded', ranMs);
      writer.run(items === undefined ? run : { ...run, items });
    }),
    facts.on('job.divided', ({ fields }) => writer.run(base(fields, 'divided', fields.ranMs))),
    facts.on('job.retried', ({ fields }) =>
      writer.run({ ...base(fields, 'retried', fields.ranMs), ...failure(fields.jobName, fields.error) }),
    ),
    facts.on('job.cancelled', ({ fields }) =>
      writer.run({ ...base(fields, 'cancelled'), message: fields.reason.slice(0, MESSAGE_KEPT) }),
    ),
    facts.on('job.dead', ({ fields }) => writer.run(deathOf(fields))),
  ];
  const deathOf = (fields: FactTable['job.dead']) => ({
    ...base(fields, fields.reason === 'expired' ? 'expired' : 'dead', fields.ranMs),
    reason: fields.reason,
    items: fields.items,
    ...failure(fields.jobName, fields.error),
  });
  return () => {
    for (const stop of stops) stop();
  };
}

function jobPart({ jobId, jobName, queue, correlationId, traceId }: JobFields): JobFields {
  return { jobId, jobName, queue, correlationId, traceId };
}
