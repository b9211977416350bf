import { Counter, type Registry } from 'prom-client';
import { DEAD_REASONS, type Facts } from '../../facts/index.ts';
import { JobRows } from './job-rows.ts';
import type { KnownNames } from './known-names.ts';
import type { Snapshot } from './snapshot.ts';

const LABELS = ['queue', 'name'] as const;

interface NamedJob {
  readonly queue: string;
  readonly jobName: string;
}

export interface JobCounts {
  readonly stops: readonly (() => void)[];
  /** What is counted beside the registry. */
  snapshot(): Snapshot;
}

/** What becomes of jobs, by queue and name. */
export function countJobs(registry: Registry, facts: Facts, names: KnownNames): JobCounts {
  const rows = new JobRows(names);
  const labelsOf = ({ queue, jobName }: NamedJob) => {
    const row = rows.of(queue, jobName);
    return { queue: row.queue, name: row.name };
  };
  const counters = jobCounters(registry, names);
  const { items, dead, stalled } = counters;
  const itemsOf = (fields: NamedJob, outcome: 'done' | 'retried' | 'dead', count: number | undefined): void => {
    if (count !== undefined && count > 0) items.inc({ ...labelsOf(fields), outcome }, count);
  };
  const ran = ({ queue, jobName }: NamedJob, ranMs: number): void => rows.of(queue, jobName).run.observe(ranMs / 1_000);
  const succeeded = (fields: NamedJob & { readonly waitedMs: number; readonly ranMs: number }): void => {
    const row = rows.of(fields.queue, fields.jobName);
    row.succeeded += 1;
    row.wait.observe(fields.waitedMs / 1_000);
    row.run.observe(fields.ranMs / 1_000);
  };

  const stops = [
    facts.on('job.enqueued', ({ fields }) => void (rows.of(fields.queue, fields.jobName).enqueued += 1)),
    facts.on('job.succeeded', ({ fields }) => {
      succeeded(fields);
      if (fields.items !== undefined) itemsOf(fields, 'done', fields.items);
    }),
    facts.on('job.divided', ({ fields }) => {
      succeeded(fields);
      itemsOf(fields, 'done', fields.done);
      itemsOf(fields, 'retried', fields.retried);
      // Each dead one says so itself, when it has become a dead letter.
    }),
    facts.on('job.retried', ({ fields }) => {
      counters.retried.inc(labelsOf(fields));
      itemsOf(fields, 'retried', fields.items);
      ran(fields, fields.ranMs);
    }),
    facts.on('job.dead', ({ fields }) => {
      dead.inc({ ...labelsOf(fields), reason: fields.reason });
      itemsOf(fields, 'dead', fields.items);
      ran(fields, fields.ranMs);
    }),
    facts.on('job.deduplicated', ({ fields }) => counters.deduplicated.inc(labelsOf(fields))),
    facts.on('job.snoozed', ({ fields }) => counters.snoozed.inc(labelsOf(fields))),
    facts.on('job.cancelled', ({ fields }) => counters.cancelled.inc(labelsOf(fields))),
    facts.on('job.handed-back', ({ fields }) => counters.handedBack.inc(labelsOf(fields))),
    facts.on('job.rescued', ({ fields }) => counters.rescued.inc(labelsOf(fields))),
    facts.on('job.isolated', ({ fields }) => counters.isolated.inc(labelsOf(fields))),
    facts.on('job.stuck', ({ fields }) => counters.stuck.inc(labelsOf(fields))),
    facts.on('job.stalled', ({ fields }) => stalled.inc({ queue: names.queue(fields.queue) })),
  ];
  return { stops, snapshot: () => rows.snapshot() };
}

/** Each is there before it counts anything: a series that begins with its first event hides that event from `rate()` and `increase()`. */
function jobCounters(registry: Registry, names: KnownNames) {
  const registers = [registry];
  const counter = (name: string, help: string): Counter<'queue' | 'name'> => {
    const made = new Counter({ name: `shiftwork_jobs_${name}_total`, help, labelNames: LABELS, registers });
    for (const job of names.jobs) made.inc({ queue: job.queue, name: job.name }, 0);
    return made;
  };
  const dead = new Counter({
    name: 'shiftwork_jobs_dead_total',
    help: 'Jobs that ended in failure, by reason; expired ones are what their contract asked for.',
    labelNames: [...LABELS, 'reason'],
    registers,
  });
  const stalled = new Counter({
    name: 'shiftwork_jobs_stalled_total',
    help: 'Jobs whose worker did not renew its hold on them.',
    labelNames: ['queue'],
    registers,
  });
  const items = new Counter({
    name: 'shiftwork_chunk_items_total',
    help: 'Items of chunks by what became of them: done, retried, dead.',
    labelNames: [...LABELS, 'outcome'],
    registers,
  });
  for (const { queue, name } of names.jobs) for (const reason of DEAD_REASONS) dead.inc({ queue, name, reason }, 0);
  for (const queue of names.queues) stalled.inc({ queue }, 0);
  return {
    deduplicated: counter('deduplicated', 'Jobs that were not queued again: their key stood for one already.'),
    retried: counter('retried', 'Attempts that failed and will be repeated.'),
    snoozed: counter('snoozed', 'Runs that were put off without spending an attempt.'),
    cancelled: counter('cancelled', 'Jobs that were cancelled.'),
    handedBack: counter('handed_back', 'Unfinished jobs that went back at a shutdown, attempts untouched.'),
    rescued: counter('rescued', 'Jobs that were handed back for a worker that is gone.'),
    isolated: counter('isolated', 'Jobs that were there at two crashes and run alone.'),
    stuck: counter('stuck', 'Handlers that went on after their deadline.'),
    dead,
    stalled,
    items,
  };
}
