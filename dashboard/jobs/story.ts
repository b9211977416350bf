import type { HistoryLine } from '../../src/dead-letters/index.ts';
import { partOfJob, type Mark, type RunRecord } from '../../src/journal/index.ts';
import { isOver, placeOf } from '../../src/queue/index.ts';
import { isEndTold, isSameAttempt } from './attempts.ts';
import type { ReadJob } from './read-job.ts';
import { duration, OUTCOME_WORDS, waitText } from './words.ts';

/** A line of what became of a job. */
export interface StoryLine {
  readonly at: number;
  readonly text: string;
  readonly kind: 'job' | 'mark' | 'good' | 'bad' | 'warn';
  /** Why an attempt failed. */
  readonly error?: string | undefined;
}

/** A wait that is shorter says nothing. */
const SHORT_MS = 5;

/** What became of it, in order: enqueued, waited, each attempt, its end; and what happened meanwhile to its queue. */
export function storyOf(job: ReadJob, now: number): readonly StoryLine[] {
  const { view, runs, history, marks } = job;
  const place = placeOf(job.id) ?? { queue: view?.queue, id: job.id };
  const lines: StoryLine[] = [];
  if (view !== undefined) lines.push({ at: view.enqueuedAt, text: 'enqueued', kind: 'job' });
  for (const run of runs) lines.push(...linesOf(run));
  for (const line of history) if (!runs.some(run => isSameAttempt(run, line))) lines.push(lineOf(line));
  if (view !== undefined && isOver(view.state) && !isEndTold(job)) {
    lines.push({
      at: view.finishedAt ?? view.enqueuedAt,
      text: view.state,
      kind: view.state === 'succeeded' ? 'good' : 'bad',
    });
  }
  if (view?.state === 'running' && view.startedAt !== undefined) {
    lines.push({
      at: view.startedAt,
      text: `attempt ${view.attemptsMade + 1} runs, for ${duration(now - view.startedAt)} so far`,
      kind: 'good',
    });
  }
  lines.push(
    ...marks
      .filter(mark => concerns(mark, place))
      .map(mark => ({ at: mark.at, text: mark.text, kind: 'mark' as const })),
  );
  const told = lines.toSorted((a, b) => a.at - b.at);
  if (view?.waitsFor !== undefined) told.push({ at: now, text: `waits ${waitText(view.waitsFor, now)}`, kind: 'warn' });
  else if (view?.state === 'waiting') told.push({ at: now, text: 'waits for its turn', kind: 'job' });
  return told;
}

function linesOf(run: RunRecord): readonly StoryLine[] {
  const { outcome, attempt, worker, host, release, ranMs, waitedMs, endedAt, reason, error, message } = run;
  const begun = endedAt - (ranMs ?? 0);
  const waited: readonly StoryLine[] =
    attempt === 1 && waitedMs !== undefined && waitedMs >= SHORT_MS
      ? [{ at: begun, text: `waited ${duration(waitedMs)} after it was due`, kind: 'job' }]
      : [];
  const where = `${worker} (host ${host}${release === undefined ? '' : `, release ${release}`})`;
  const ran = ranMs === undefined ? '' : ` after ${duration(ranMs)}`;
  const why = reason === undefined ? '' : ` (${reason})`;
  const kind = outcome === 'succeeded' || outcome === 'divided' ? 'good' : outcome === 'retried' ? 'warn' : 'bad';
  const text = `attempt ${attempt} on ${where}: ${OUTCOME_WORDS[outcome]}${why}${ran}`;
  const failure = message === undefined ? undefined : error === undefined ? message : `${error}: ${message}`;
  return [...waited, { at: endedAt, text, kind, error: failure }];
}

function lineOf(line: HistoryLine): StoryLine {
  if (line.what === 'replayed') return { at: line.at, text: `replayed by ${line.by}`, kind: 'job' };
  const { at, attempt, worker, ranMs, dead, error, message } = line;
  const end = dead === undefined ? OUTCOME_WORDS.retried : dead;
  return {
    at,
    text: `attempt ${attempt} on ${worker}: ${end} after ${duration(ranMs)}`,
    kind: dead === undefined ? 'warn' : 'bad',
    error: `${error}: ${message}`,
  };
}

/** Of its queue, or of all; what people did to other jobs is none of its story. */
function concerns(
  { kind, queue, part }: Mark,
  own: { readonly queue: string | undefined; readonly id: string },
): boolean {
  if (kind !== 'action') return queue === undefined || queue === own.queue;
  return queue === own.queue && (part === undefined || part === partOfJob(own.id));
}
