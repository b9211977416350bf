import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { defineJob, JobAbortedError, JobTimeoutError } from '../../contracts/index.ts';
import { Ledger, MemoryStateStore } from '../../state/index.ts';
import { RunningJob } from './running-job.ts';
import { RunningJobs } from './running-jobs.ts';

const contract = defineJob({ queue: 'email', name: 'greet', schema: z.unknown(), timeout: '2s' });

function setup() {
  const jobs = new RunningJobs();
  const start = {
    jobId: 'email-1',
    attempt: 1,
    attempts: 5,
    begunAt: performance.now(),
    job: { timestamp: 0 },
    meta: { correlationId: undefined, traceparent: undefined },
  };
  const own = async () => new Ledger(new MemoryStateStore(), { scope: 'greet' });
  const run = (jobId: string, ledger: () => Promise<Ledger> = own) =>
    new RunningJob(contract, { ...start, jobId }, ledger);
  return { jobs, job: run(start.jobId), run };
}

describe('RunningJobs', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('a run past its timeout is aborted and given up', async () => {
    const { jobs, job } = setup();
    const givenUp = new Promise<Error>(resolve => job.onGiveUp(resolve));
    jobs.add(job);
    await vi.advanceTimersByTimeAsync(1_900);
    expect(job.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(job.signal.aborted).toBe(true);
    expect(job.signal.reason).toBeInstanceOf(JobTimeoutError);
    await expect(givenUp).resolves.toBeInstanceOf(JobTimeoutError);
  });

  test('runs end in any order, also while they are looked through, and the rest stays', () => {
    const { jobs, run } = setup();
    const [first, second, third] = [run('email-1'), run('email-2'), run('email-3')];
    for (const each of [first, second, third]) jobs.add(each);
    const seen: string[] = [];
    for (const each of jobs) {
      seen.push(each.jobId);
      if (each !== third) jobs.delete(each);
    }
    jobs.delete(first);
    expect(seen).toEqual(['email-1', 'email-2', 'email-3']);
    expect([...jobs]).toEqual([third]);
    expect(jobs.find('email-3')).toBe(third);
    expect(jobs.find('email-1')).toBeUndefined();
    jobs.delete(third);
    expect(jobs.size).toBe(0);
  });

  test('a step of a handler that was left behind is not done: the next run does it', async () => {
    const { job } = setup();
    job.timeOut();
    await job.endNotes();
    let done = 0;
    await expect(job.step('charge', () => void (done += 1))).rejects.toBeInstanceOf(JobTimeoutError);
    expect(done).toBe(0);
  });

  test('a step after the end of its run is not done either, where nothing had stopped it', async () => {
    const { job } = setup();
    await job.endNotes();
    await expect(job.step('charge', () => 1)).rejects.toBeInstanceOf(JobAbortedError);
  });

  test('time in which a run waits for its ledger does not count against its deadline, time in its effect does', async () => {
    const { jobs, run } = setup();
    const store = new MemoryStateStore();
    const away = Promise.withResolvers<void>();
    const get = store.get.bind(store);
    vi.spyOn(store, 'get').mockImplementation(async (...entry) => {
      await away.promise;
      return get(...entry);
    });
    const job = run('email-1', async () => new Ledger(store, { scope: 'greet' }));
    jobs.add(job);
    const effect = vi.fn<() => Promise<never>>(() => new Promise(() => undefined));
    void job.once('k', effect);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(job.abortReason).toBeUndefined();
    away.resolve();
    await vi.advanceTimersByTimeAsync(1_900);
    expect(effect).toHaveBeenCalledTimes(1);
    expect(job.abortReason).toBeUndefined();
    await vi.advanceTimersByTimeAsync(200);
    expect(job.abortReason).toBeInstanceOf(JobTimeoutError);
  });

  test('a signal asked for after the abort is aborted from the start', () => {
    const { job } = setup();
    job.abort('shutdown');
    expect(job.signal.aborted).toBe(true);
    expect(job.signal.reason).toBeInstanceOf(JobAbortedError);
  });

  test('the first reason stands', () => {
    const { job } = setup();
    job.abort('lock lost');
    job.timeOut();
    expect(job.abortReason).toBeInstanceOf(JobAbortedError);
  });

  test('idle() resolves when the last run ends, and says when it took too long', async () => {
    const { jobs, job } = setup();
    jobs.add(job);
    const tooLong = jobs.idle(100);
    await vi.advanceTimersByTimeAsync(150);
    await expect(tooLong).resolves.toBe(false);
    const inTime = jobs.idle(100);
    jobs.delete(job);
    await expect(inTime).resolves.toBe(true);
    await expect(jobs.idle(0)).resolves.toBe(true);
  });

  test('no timer runs once nothing does', async () => {
    const { jobs, job } = setup();
    jobs.add(job);
    jobs.delete(job);
    await vi.advanceTimersByTimeAsync(200);
    expect(vi.getTimerCount()).toBe(0);
  });
});
