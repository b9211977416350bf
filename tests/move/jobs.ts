/** What a job of the trial is about. It carries no more than its name in the count, and how it is to fail. */
export interface TrialData {
  /** Names the job in the count: no two have the same. */
  readonly n: string;
  /** `once`: the first run of it. `until-mended`: every run until the file of this name is there. */
  readonly fails?: 'once' | 'until-mended';
}

/** A job as both sides' producers take it. */
export interface TrialJob {
  readonly queue: string;
  readonly name: string;
  readonly data: TrialData;
  readonly delayMs?: number;
  /** Of two heights: BullMQ's 1 and 10, our `high` and `low`. */
  readonly priority?: 'high' | 'low';
  readonly attempts?: number;
  /** The job is the parent of a flow. */
  readonly children?: readonly TrialJob[];
}

export interface AddedJob {
  readonly n: string;
  readonly queue: string;
  /** As BullMQ has it. */
  readonly id: string;
}

/** What the trial tells the programs of either side. */
export type Order =
  | { readonly do: 'add'; readonly jobs: readonly TrialJob[] }
  /** Lets delayed jobs begin at once. */
  | { readonly do: 'promote'; readonly jobs: readonly AddedJob[] }
  /** Lets failed jobs run again. */
  | { readonly do: 'retry'; readonly jobs: readonly AddedJob[] }
  | { readonly do: 'states'; readonly jobs: readonly AddedJob[] }
  /** What the jobs came to, as BullMQ has it. */
  | { readonly do: 'results'; readonly jobs: readonly AddedJob[] }
  | { readonly do: 'pause' | 'resume'; readonly queue: string }
  | { readonly do: 'schedule' | 'unschedule' }
  | { readonly do: 'work'; readonly queues: readonly string[] }
  | { readonly do: 'stop' };

/** One run, as whoever ran it has written it down. */
export interface RunLine {
  readonly by: Side;
  readonly name: string;
  readonly id: string;
  /** Undefined where its data was lost. */
  readonly n: string | undefined;
  readonly end: 'done' | 'failed';
  /** Of the parent of a flow: the results of its children. */
  readonly children: readonly string[];
}

export type Side = 'BullMQ' | 'ours';

export const QUEUES = ['mail', 'billing', 'albums', 'photos', 'slow', 'clock'] as const;

/** The schedules of the trial, by the names of their jobs: every second, and every other by a cron. They are on the queue `clock`. */
export const SCHEDULED = ['everySecond', 'everyOther'] as const;

export interface Batch {
  readonly jobs: readonly TrialJob[];
  /** All that run to their end by themselves once their queue is not paused. */
  readonly due: readonly string[];
  /** In the queue that is paused. */
  readonly paused: readonly string[];
  /** Delayed by an hour: somebody has to promote them. */
  readonly delayed: readonly string[];
  /** Failed in the end: somebody has to mend what they lean on, and to retry them. */
  readonly failing: readonly string[];
}

/** Jobs of every kind that a queue of BullMQ holds, but those of schedules. */
export function batchOf(title: string, waiting: number): Batch {
  let count = 0;
  const job = (queue: string, name: string, more: Omit<Partial<TrialJob>, 'queue' | 'name'> = {}): TrialJob => ({
    queue,
    name,
    ...more,
    data: { n: `${title}/${name}/${(count += 1)}`, ...more.data },
  });
  const several = (amount: number, make: (index: number) => TrialJob): readonly TrialJob[] =>
    Array.from({ length: amount }, (_, index) => make(index));
  const due = [
    ...several(waiting, () => job('mail', 'sendMail')),
    ...several(4, index => job('mail', 'urgent', { priority: index % 2 === 0 ? 'low' : 'high' })),
    ...several(3, index => job('mail', 'later', { delayMs: 300 * (index + 1) })),
    ...several(2, () => failing(job('mail', 'flaky', { attempts: 3 }), 'once')),
    ...several(2, () => job('albums', 'album', { children: several(3, () => job('photos', 'resize')) })),
  ];
  const paused = several(3, () => job('slow', 'sweep'));
  const delayed = several(2, () => job('mail', 'tomorrow', { delayMs: 3_600_000 }));
  const dying = several(2, () => failing(job('billing', 'charge', { attempts: 2 }), 'until-mended'));
  return {
    jobs: [...due, ...paused, ...delayed, ...dying],
    due: namesOf(due),
    paused: namesOf(paused),
    delayed: namesOf(delayed),
    failing: namesOf(dying),
  };
}

function failing(job: TrialJob, fails: 'once' | 'until-mended'): TrialJob {
  return { ...job, data: { ...job.data, fails } };
}

function namesOf(jobs: readonly TrialJob[]): readonly string[] {
  return jobs.flatMap(({ data, children = [] }) => [data.n, ...namesOf(children)]);
}
