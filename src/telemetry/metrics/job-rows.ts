import { OTHER, type KnownNames } from './known-names.ts';
import { LiveHistogram } from './live-histogram.ts';
import type { Snapshot, SnapshotValue } from './snapshot.ts';

/**
 * From a job that found a free worker to one that stood in a backlog for a day. None is more than two and a half times the one before it, so
 * that a quantile between two is never far off.
 */
const WAIT_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200,
  14_400, 28_800, 43_200, 86_400,
];
/** From a write to a table to a long report. */
const RUN_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

/** What is counted for every job of one name in one queue. */
class JobRow {
  readonly queue: string;
  readonly name: string;
  enqueued = 0;
  succeeded = 0;
  readonly wait = new LiveHistogram(WAIT_BUCKETS);
  readonly run = new LiveHistogram(RUN_BUCKETS);

  constructor(queue: string, name: string) {
    this.queue = queue;
    this.name = name;
  }
}

/**
 * What every job is counted by, in plain numbers: through prom-client's own counters it took 4 us of a worker's time a job (they make
 * a text of the labels for each count), this way it cannot be told from nothing. All else is counted by prom-client.
 */
export class JobRows {
  readonly #rows = new Map<string, JobRow>();
  readonly #others = new Map<string, JobRow>();
  readonly #names: KnownNames;

  constructor(names: KnownNames) {
    this.#names = names;
    for (const { name, queue } of names.jobs) this.#rows.set(name, new JobRow(queue, name));
  }

  of(queue: string, jobName: string): JobRow {
    const row = this.#rows.get(jobName);
    return row !== undefined && row.queue === queue ? row : this.#other(this.#names.queue(queue));
  }

  snapshot(): Snapshot {
    const rows = [...this.#rows.values(), ...this.#others.values()];
    const each = (values: (row: JobRow, labels: Readonly<Record<string, string>>) => readonly SnapshotValue[]) =>
      rows.flatMap(row => values(row, { queue: row.queue, name: row.name }));
    const counter = (name: string, help: string, valueOf: (row: JobRow) => number) => ({
      name,
      help,
      type: 'counter',
      aggregator: 'sum',
      values: each((row, labels) => [{ labels, value: valueOf(row) }]),
    });
    const histogram = (name: string, help: string, of: (row: JobRow) => LiveHistogram) => ({
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: each((row, labels) => of(row).values(name, labels)),
    });
    return [
      counter('shiftwork_jobs_enqueued_total', 'Jobs that this process queued.', row => row.enqueued),
      counter('shiftwork_jobs_succeeded_total', 'Jobs that succeeded.', row => row.succeeded),
      histogram(
        'shiftwork_job_wait_seconds',
        'From when a job was first due, or replayed, to when it was started; of jobs that succeeded.',
        row => row.wait,
      ),
      histogram('shiftwork_job_run_seconds', 'How long runs took that succeeded, failed or died.', row => row.run),
    ];
  }

  #other(queue: string): JobRow {
    const known = this.#others.get(queue);
    if (known !== undefined) return known;
    const row = new JobRow(queue, OTHER);
    this.#others.set(queue, row);
    return row;
  }
}
