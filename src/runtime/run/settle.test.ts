import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob, JobCancelledError } from '../../contracts/index.ts';
import { NOW, oneRun, takenJob, type OneRunParts } from './one-run.contract-suite.ts';
import type { Outcome } from './outcome.ts';
import { keepOf } from './burial.ts';
import { endOf, refusedSuccess, unclear, unstorable } from './settle.ts';

const error = Object.assign(new Error('no mailbox ada'), { stack: 'Error: no mailbox ada\n    at send (mail.ts:1:1)' });
const secretive = defineJob({
  queue: 'email',
  name: 'greet',
  version: 2,
  schema: z.object({ to: z.string(), token: z.string().optional() }),
  sensitive: ['to', 'token'],
  retention: { forget: ['token'] },
});

function ended(outcome: Outcome, parts: OneRunParts = {}) {
  const given = oneRun(parts);
  return { ...given, ...endOf(given.run, outcome) };
}

describe('the end that the engine writes', () => {
  test.each<[string, unknown, unknown]>([
    ['an object', { sent: 1 }, '{"sent":1}'],
    ['nothing', undefined, 'null'],
    ['a bigint', 12n, '"12"'],
    ['what has no JSON', Object.assign({}, { self: undefined, f: () => 1 }), '{}'],
  ])('of a success keeps what was returned: %s', (_, result, stored) => {
    expect(ended({ kind: 'succeeded', result }).end).toMatchObject({ what: 'succeeded', result: stored });
  });

  test('of a success names a result that is too large, or cannot be stored, and keeps none of it', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    for (const result of ['x'.repeat(5_000), circular, 'a\0b']) {
      const { end } = ended({ kind: 'succeeded', result });
      expect(end).toMatchObject({ result: expect.stringMatching(/^\{"omitted":"a result /) });
    }
    const { end } = ended({ kind: 'succeeded', result: { rows: [1n] } });
    expect(end).toMatchObject({ result: expect.stringMatching(/rows\.0 is a bigint.*bigintCodec of shiftwork/) });
  });

  test('of a success holds no value of a sensitive field, and no longer what was to be forgotten', () => {
    const job = takenJob({ data: { to: 'ada@example.com', token: 'tok-123' } });
    const { end } = ended({ kind: 'succeeded', result: { said: 'to ada@example.com' } }, { contract: secretive, job });
    expect(end).toMatchObject({ result: '{"said":"to [redacted]"}', data: '{"to":"ada@example.com"}' });
  });

  test('of a failed attempt says when the next one is due, why, and adds a line to the history', () => {
    const job = takenJob({ opts: { ...takenJob().opts, lifo: true, keepLogs: 5 } });
    const { end } = ended({ kind: 'retry', afterMs: 700, error }, { job });
    expect(end).toMatchObject({ what: 'retry', at: NOW + 700, lifo: true, failure: { message: 'no mailbox ada' } });
    const { line } = end as { readonly line: { readonly text: string; readonly keep: number } };
    expect(line.keep).toBe(5);
    expect(JSON.parse(line.text)).toMatchObject({ what: 'failed', attempt: 1, worker: 'worker-1', error: 'Error' });
  });

  test.each([
    [undefined, 3],
    [2, 2],
    [0, 0],
    [-1, 3],
    [1.5, 2],
  ])('keeps as many stacks of earlier failures as the job says (%s)', (stackTraceLimit, kept) => {
    const opts = { attempts: 3, ...(stackTraceLimit !== undefined && { stackTraceLimit }) };
    const job = takenJob({ opts, stacktrace: ['first', 'second'] });
    const { end } = ended({ kind: 'retry', afterMs: 1, error }, { job });
    const { failure } = end as { readonly failure: { readonly stacktrace: readonly string[] } };
    expect(failure.stacktrace).toHaveLength(kept);
    expect(failure.stacktrace.slice(-1).every(one => one.includes('mail.ts'))).toBe(true);
  });

  test('of a snooze says until when, and what is noted, where something is', () => {
    const snoozed = { kind: 'snoozed', untilMs: NOW + 5, reason: 'later', alarm: false } as const;
    expect(ended(snoozed).end).toEqual({ what: 'snoozed', until: NOW + 5, progress: undefined });
    expect(ended({ ...snoozed, note: { since: 1 } }).end).toMatchObject({ progress: '{"since":1}' });
  });

  test.each<[Outcome, string, string]>([
    [{ kind: 'cancelled', reason: 'they moved' }, 'cancelled', 'JOB_CANCELLED: Cancelled: they moved'],
    [{ kind: 'dead', reason: 'expired', error }, 'expired', 'no mailbox ada'],
    [{ kind: 'dead', reason: 'permanent', error }, 'dead', 'no mailbox ada'],
  ])('of what has ended for good says how: %j', (outcome, what, message) => {
    const { end } = ended(outcome);
    expect(end).toMatchObject({ what, attempts: 3, failure: { message }, keep: { age: 14 * 86_400 } });
  });

  test('of a job that never began says so in its history, and of one that did says nothing of it', () => {
    const lines = ([false, undefined] as const).map(begun => {
      const { end } = ended({ kind: 'cancelled', reason: 'they moved', ...(begun === false && { begun }) });
      return JSON.parse((end as { readonly line: { readonly text: string } }).line.text) as { readonly begun?: false };
    });
    expect(lines.map(({ begun }) => begun)).toEqual([false, undefined]);
  });

  test('of a hand-back is nothing else', () => {
    expect(ended({ kind: 'handed-back' }).end).toEqual({ what: 'handed-back' });
  });
});

describe('the fact of an end', () => {
  test('is emitted when the engine has written it, and not before', async () => {
    const given = oneRun();
    const seen: string[] = [];
    given.facts.on('job.dead', ({ fields }) => seen.push(`${fields.reason} ${fields.error.message}`));
    const { emit } = endOf(given.run, { kind: 'dead', reason: 'permanent', error });
    expect(seen).toEqual([]);
    emit?.();
    expect(seen).toEqual(['permanent no mailbox ada']);
  });

  test('is not even made where nobody listens', () => {
    expect(ended({ kind: 'succeeded', result: 1 }).emit).toBeUndefined();
  });

  test('carries no value of a sensitive field', () => {
    const given = oneRun({ contract: secretive });
    const seen: string[] = [];
    given.facts.on('job.dead', ({ fields }) => seen.push(fields.error.message));
    given.facts.on('job.cancelled', ({ fields }) => seen.push(fields.reason));
    endOf(given.run, { kind: 'dead', reason: 'permanent', error }).emit?.();
    endOf(given.run, { kind: 'cancelled', reason: 'ada moved' }).emit?.();
    expect(seen).toEqual(['no mailbox [redacted]', '[redacted] moved']);
  });
});

test.each<[unknown, object]>([
  [true, { count: 0 }],
  [false, { count: -1 }],
  [7, { count: 7 }],
  [7.2, { count: 8 }],
  [{ age: 10 }, { count: undefined, age: 10, limit: undefined }],
  [{ count: Number.NaN }, { age: 1 }],
  ['x', { age: 1 }],
  [null, { age: 1 }],
])('of the retention %j the engine is told what it can keep', (policy, kept) => {
  expect(keepOf(policy, { age: 1 })).toEqual(kept);
});

describe('where the end could not be written', () => {
  test('its words are left out, and what was to be forgotten stays forgotten', () => {
    const { end } = ended({ kind: 'dead', reason: 'permanent', error }, { contract: secretive });
    const bare = unstorable(end);
    expect(bare).toMatchObject({ what: 'dead', data: '{"to":"ada"}' });
    expect(JSON.stringify(bare)).not.toContain('mailbox');
    expect(unstorable({ what: 'handed-back' })).toEqual({ what: 'handed-back' });
  });

  test('a success that the engine refuses is a failed attempt, the last one a dead letter', () => {
    const { at, job } = oneRun();
    expect(refusedSuccess(at, job, new JobCancelledError('x')).end).toMatchObject({ what: 'cancelled' });
    expect(refusedSuccess(at, job, new Error('it has children')).end).toMatchObject({ what: 'retry' });
    const last = takenJob({ attemptsMade: 2 });
    expect(refusedSuccess(at, last, new Error('it has children')).end).toMatchObject({ what: 'dead' });
  });

  test('a run that could not be looked at has failed all the same: it has an end', async () => {
    const { at, job, facts } = oneRun();
    expect(unclear(at, job, new TypeError('x')).end).toMatchObject({ what: 'retry', at: NOW + 1_000 });
    const dead = facts.next('job.dead');
    const last = unclear(at, takenJob({ attemptsMade: 2 }), new TypeError('x'));
    expect(last.end).toMatchObject({ what: 'dead', failure: { message: 'The run could not be settled: TypeError' } });
    last.emit?.();
    expect(await dead).toMatchObject({ reason: 'attempts-exhausted', attempt: 3 });
  });

  test.each(['unclear', 'refused'] as const)(
    'a death that is %s is one that is followed, and says so in its line',
    how => {
      const onDead = () => defineJob({ queue: 'email', name: 'tell', schema: z.object({}) })({});
      const followed = defineJob({ queue: 'email', name: 'greet', schema: z.object({ to: z.string() }), onDead });
      const { at, run } = oneRun({ contract: followed });
      const last = takenJob({ attemptsMade: 2 });
      const first = endOf(run, { kind: 'dead', reason: 'permanent', error: new Error('half \ud800') });
      const written =
        how === 'unclear' ? unclear(at, last, new TypeError('x')) : { ...first, end: unstorable(first.end) };
      expect(written.death).toMatchObject({ jobId: `email/${last.id}`, at: new Date(NOW) });
      const line: unknown = JSON.parse(('line' in written.end && written.end.line?.text) || 'null');
      expect(line).toMatchObject({
        what: 'failed',
        at: NOW,
        dead: how === 'unclear' ? 'attempts-exhausted' : 'permanent',
      });
      expect(JSON.stringify(line)).not.toContain('half');
    },
  );
});
