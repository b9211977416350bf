import type { HistoryLine } from '../../src/dead-letters/index.ts';
import type { RunOutcome, RunRecord } from '../../src/journal/index.ts';
import { isOver, shownJobId } from '../../src/queue/index.ts';
import type { ReadJob } from './read-job.ts';

/** One attempt, and how long the job waited for it: since it was enqueued or replayed, or since the attempt before it. Milliseconds since 1970. */
export interface Attempt {
  readonly attempt: number;
  readonly waitedFrom: number;
  /** Undefined where none began: it waits still, or ended while it waited. */
  readonly startedAt: number | undefined;
  /** Undefined while it waits or runs. */
  readonly endedAt: number | undefined;
  readonly came: RunOutcome | 'running' | 'waits';
  readonly worker?: string | undefined;
}

/** A child's last run, as the journal has it. */
export interface ChildRun {
  readonly id: string;
  readonly name: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly came: RunOutcome;
}

/** Two notes of one attempt, by the job's own history and by the journal, are so close. */
const SAME_MS = 5_000;
/** The journal is written every two seconds: what is missing after so long was dropped, or is no part of its share. */
const JOURNAL_LATE_MS = 30_000;

type Failed = Extract<HistoryLine, { what: 'failed' }>;
type Ended = Omit<Attempt, 'waitedFrom'> & { readonly endedAt: number; readonly waitedMs?: number | undefined };

/** Its attempts in order, the one that runs or is waited for last. What the journal lacks, its own history has, and its state. */
export function attemptsOf({ view, runs, history }: ReadJob): readonly Attempt[] {
  const failed = history.filter(line => line.what === 'failed');
  const ended: Ended[] = [
    ...runs.map(ofRun),
    ...failed.filter(line => !runs.some(run => isSameAttempt(run, line))).map(ofLine),
  ];
  const finishedAt = view?.finishedAt;
  if (view !== undefined && finishedAt !== undefined && !isEndTold({ view, runs, history }) && isOutcome(view.state)) {
    ended.push({ attempt: view.attemptsMade, startedAt: view.startedAt, endedAt: finishedAt, came: view.state });
  }
  const sorted = ended.toSorted((a, b) => a.endedAt - b.endedAt);
  const replays = history.flatMap(({ what, at }) => (what === 'replayed' ? [at] : []));
  const [first] = sorted;
  let since = view?.enqueuedAt ?? startOf(first) - (first?.waitedMs ?? 0);
  const waitedUntil = (until: number): number =>
    Math.min(until, Math.max(since, ...replays.filter(replay => replay <= until)));
  const attempts: Attempt[] = [];
  for (const { waitedMs: _, ...each } of sorted) {
    attempts.push({ ...each, waitedFrom: waitedUntil(startOf(each)) });
    since = each.endedAt;
  }
  if (view === undefined || isOver(view.state)) return attempts;
  const attempt = view.attemptsMade + 1;
  const runsSince = view.state === 'running' ? view.startedAt : undefined;
  const waitedFrom = waitedUntil(runsSince ?? Infinity);
  const came = runsSince === undefined ? 'waits' : 'running';
  return [...attempts, { attempt, waitedFrom, startedAt: runsSince, endedAt: undefined, came }];
}

/** The last run of each of its children that the journal has, in the order in which they began. */
export function childRunsOf({ children, following }: ReadJob): readonly ChildRun[] {
  const last = children.flatMap(({ queue, id }) => {
    const run = following.find(each => each.queue === queue && each.jobId === id);
    if (run?.ranMs === undefined) return [];
    const { jobName: name, endedAt, outcome: came, ranMs } = run;
    return [{ id: shownJobId({ queue, id }), name, startedAt: endedAt - ranMs, endedAt, came }];
  });
  return last.toSorted((a, b) => a.startedAt - b.startedAt);
}

/** Whether the journal, or its own history, has how it ended. */
export function isEndTold({ view, runs, history }: Pick<ReadJob, 'view' | 'runs' | 'history'>): boolean {
  const near = (view?.finishedAt ?? -Infinity) - SAME_MS;
  return (
    runs.some(({ outcome, endedAt }) => outcome !== 'retried' && endedAt >= near) ||
    history.some(line => line.what === 'failed' && line.dead !== undefined && line.at >= near)
  );
}

/** Whether it has ended just now, and the journal may have its last run in a moment: the page looks once more. */
export function isEndExpected({ view, runs, journal }: ReadJob, now: number): boolean {
  if (view === undefined || journal === 'unread' || !isOver(view.state)) return false;
  const finishedAt = view.finishedAt ?? -Infinity;
  return now - finishedAt < JOURNAL_LATE_MS && !isEndTold({ view, runs, history: [] });
}

export function isSameAttempt(run: RunRecord, line: HistoryLine): boolean {
  return line.what === 'failed' && line.attempt === run.attempt && Math.abs(line.at - run.endedAt) < SAME_MS;
}

function ofRun({ attempt, endedAt, ranMs, waitedMs, outcome: came, worker }: RunRecord): Ended {
  return { attempt, startedAt: ranMs === undefined ? undefined : endedAt - ranMs, endedAt, came, worker, waitedMs };
}

function ofLine({ attempt, at, ranMs, dead, begun, worker }: Failed): Ended {
  const came = dead === undefined ? 'retried' : dead === 'cancelled' || dead === 'expired' ? dead : 'dead';
  return { attempt, startedAt: begun === false ? undefined : at - ranMs, endedAt: at, came, worker };
}

function startOf(each: Pick<Ended, 'startedAt' | 'endedAt'> | undefined): number {
  return each?.startedAt ?? each?.endedAt ?? 0;
}

function isOutcome(state: string): state is 'succeeded' | 'dead' | 'cancelled' | 'expired' {
  return state === 'succeeded' || state === 'dead' || state === 'cancelled' || state === 'expired';
}
