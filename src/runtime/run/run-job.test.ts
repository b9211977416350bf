import { describe, expect, test, vi } from 'vitest';
import type { Handler } from '../../contracts/index.ts';
import type { ClaimedJob } from '../supervisor/child/messages.ts';
import { withMarks } from '../../queue/index.ts';
import { oneRun, takenJob, type OneRunParts } from './one-run.contract-suite.ts';
import { runJob } from './run-job.ts';

describe('runJob', () => {
  async function ran(parts: Omit<OneRunParts, 'perform'> = {}) {
    const perform = vi.fn<Handler['perform']>(() => ({ sent: true }));
    const { at, job } = oneRun({ ...parts, perform });
    return { end: (await runJob(at, job))?.end, perform, at };
  }

  test('runs a job with its data; its end is what it returned', async () => {
    const { end, perform, at } = await ran();
    expect(perform).toHaveBeenCalledExactlyOnceWith({ to: 'ada' }, expect.objectContaining({ jobId: 'email-1' }), {});
    expect(end).toMatchObject({ what: 'succeeded', result: '{"sent":true}' });
    expect(at.fetches.lastAt).toBeGreaterThan(0);
    expect(at.running.size).toBe(0);
  });

  test('begins nothing once the host stops: the job goes back', async () => {
    const { end, perform } = await ran({ at: { stopping: () => true } });
    expect(end).toEqual({ what: 'handed-back' });
    expect(perform).not.toHaveBeenCalled();
  });

  test('begins nothing either where the host stops while the job is looked at', async () => {
    let asked = 0;
    // With a note on it the job is looked at for longer.
    const job = takenJob({ progress: withMarks(0, { waitingForRelease: 'the name', since: 1 }) });
    const { end, perform } = await ran({ job, at: { stopping: () => (asked += 1) > 1 } });
    expect(end).toEqual({ what: 'handed-back' });
    expect(perform).not.toHaveBeenCalled();
  });

  test.each([
    ['job stalled more than allowable limit', 'stalled', 'job stalled more than allowable limit'],
    [
      'child bull:email:7 failed',
      'child-failed',
      'The child email/7 failed, and its flow lets the parent fail with it.',
    ],
    ['a child', 'child-failed', 'a child'],
  ])('ends a job that may not run any more (%s) as %s', async (deferredFailure, reason, message) => {
    const { at, job, facts } = oneRun({ job: takenJob({ deferredFailure }) });
    const dead = facts.next('job.dead');
    const ended = await runJob(at, job);
    ended?.emit?.();
    expect(ended?.end).toMatchObject({ what: 'dead', failure: { message } });
    expect(await dead).toMatchObject({ reason });
  });

  describe('where a supervisor could run it alone', () => {
    const suspicion = (suspect: boolean) => {
      const isolated: ClaimedJob[] = [];
      const isSuspect = vi.fn<() => Promise<boolean>>(async () => suspect);
      return { isolated, isSuspect, isolate: (job: ClaimedJob) => void isolated.push(job) };
    };

    test('passes a suspect on with its lock, and neither runs nor ends it', async () => {
      const given = suspicion(true);
      const { end, perform } = await ran({ job: takenJob({ attemptsStarted: 2 }), at: { suspicion: given } });
      expect(end).toBeUndefined();
      expect(perform).not.toHaveBeenCalled();
      // By its name: another queue may have that id as well.
      expect(given.isSuspect).toHaveBeenCalledExactlyOnceWith('email/email-1');
      expect(given.isolated).toEqual([{ queue: 'email', jobId: 'email-1', jobName: 'greet', token: 'token-1' }]);
    });

    test('runs one that is none', async () => {
      const given = suspicion(false);
      const { end } = await ran({ job: takenJob({ attemptsStarted: 2 }), at: { suspicion: given } });
      expect(end).toMatchObject({ what: 'succeeded' });
      expect(given.isolated).toEqual([]);
    });

    test('asks nobody about a job that has ended as often as it was started', async () => {
      const given = suspicion(true);
      const { end } = await ran({ job: takenJob({ attemptsStarted: 3, attemptsMade: 2 }), at: { suspicion: given } });
      expect(end).toMatchObject({ what: 'succeeded' });
      expect(given.isSuspect).not.toHaveBeenCalled();
    });
  });
});
