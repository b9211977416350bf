import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Facts } from '../../../facts/index.ts';
import { Beside } from './beside.ts';
import type { QueueClaim, WatchedWorker } from './silence.ts';
import { Watch } from './watch.ts';

const LOCK_MS = 10_000;
const TURN = { debugged: false };

/** No such process: the kernel says nothing of it, so that the thread beside decides. */
function worker(name: string, { answers = true } = {}) {
  const beside = new Beside(undefined);
  vi.spyOn(beside, 'answers').mockResolvedValue(answers);
  vi.spyOn(beside, 'where').mockResolvedValue(answers ? ['spin (jobs/report.ts:10:5)'] : []);
  return { name, pid: undefined, beside, kill: vi.fn<WatchedWorker['kill']>() };
}

describe('Watch', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  const cleanups: (() => void)[] = [];
  afterEach(() => {
    for (const cleanup of cleanups.splice(0)) cleanup();
    vi.useRealTimers();
  });

  function watching(lockLeftMs = LOCK_MS, ids = ['one', 'two']) {
    const facts = new Facts();
    const stated: object[] = [];
    facts.on('worker.blocked', ({ fields }) => stated.push(fields));
    facts.on('worker.killed', ({ fields }) => stated.push(fields));
    const kept: string[] = [];
    const watch = new Watch({
      facts,
      lockMs: LOCK_MS,
      claims: async name =>
        ids.map((jobId): QueueClaim => ({ queue: 'q', jobId, jobName: 'job', worker: name, token: 't', lockLeftMs })),
      keep: async claims => kept.push(...claims.map(({ jobId }) => jobId)),
    });
    cleanups.push(() => watch.stop());
    return { watch, stated, kept };
  }

  test('says a silence of a second with what runs there and where it stands; one that turns says nothing', async () => {
    const { watch, stated } = watching();
    const [silent, turning] = [worker('silent'), worker('turning')];
    watch.heard(silent, TURN);
    for (let ms = 0; ms < 1_500; ms += 250) {
      watch.heard(turning, TURN);
      await vi.advanceTimersByTimeAsync(250);
    }
    expect(stated).toEqual([
      {
        worker: 'silent',
        blockedMs: expect.closeTo(1_000, -3),
        jobs: ['q/one', 'q/two'],
        stack: ['spin (jobs/report.ts:10:5)'],
      },
    ]);
    expect([watch.answers('silent'), watch.answers('turning')]).toEqual([false, true]);
    watch.heard(silent, TURN);
    expect(watch.answers('silent')).toBe(true);
  });

  test('ends it before the first lock expires, once, and keeps what it held until then', async () => {
    const { watch, stated, kept } = watching(4_000);
    const silent = worker('silent');
    watch.heard(silent, TURN);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(silent.kill).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(silent.kill.mock.calls).toEqual([['guilty']]);
    expect(kept).toEqual(['one', 'two']);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(silent.kill).toHaveBeenCalledTimes(1);
    expect(stated.at(-1)).toMatchObject({ worker: 'silent', reason: 'silent', blamed: true });
    expect(watch.left('silent')).toEqual(['q/one', 'q/two']);
  });

  test('a stopped process is ended without blame', async () => {
    const { watch, stated } = watching(4_000);
    const stopped = worker('stopped', { answers: false });
    watch.heard(stopped, TURN);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(stopped.kill.mock.calls).toEqual([['innocent']]);
    expect(stated.at(-1)).toMatchObject({ blamed: false });
  });

  test('an engine that does not answer changes nothing in that', async () => {
    const silent = worker('silent');
    const never = () => new Promise<never>(() => undefined);
    const watch = new Watch({ facts: new Facts(), lockMs: LOCK_MS, claims: never, keep: never });
    cleanups.push(() => watch.stop());
    watch.heard(silent, TURN);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(silent.kill).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(silent.kill).toHaveBeenCalledTimes(1);
  });

  test('when this process wakes late, every silence begins anew', async () => {
    const { watch, stated } = watching();
    const silent = worker('silent');
    watch.heard(silent, TURN);
    await vi.advanceTimersByTimeAsync(500);
    // Time goes by and no timer runs, as in a stopped process.
    const running = performance.now.bind(performance);
    const now = vi.spyOn(performance, 'now').mockImplementation(() => running() + 60_000);
    cleanups.push(() => now.mockRestore());
    await vi.advanceTimersByTimeAsync(1_000);
    expect(stated).toEqual([]);
    await vi.advanceTimersByTimeAsync(500);
    expect(stated).toMatchObject([{ blockedMs: expect.closeTo(1_000, -3) }]);
    expect(silent.kill).not.toHaveBeenCalled();
  });

  test('one that was never heard, or that somebody debugs, is not judged', async () => {
    const { watch, stated } = watching();
    const debugged = worker('debugged');
    watch.heard(debugged, TURN);
    watch.heard(debugged, { debugged: true });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stated).toEqual([]);
    expect([watch.answers('debugged'), watch.answers('unheard')]).toEqual([true, true]);
  });

  test('at the end of the grace a worker that answers is ended without blame, one that does not with it', async () => {
    const { watch } = watching();
    const [turning, silent] = [worker('turning'), worker('silent')];
    watch.heard(silent, TURN);
    await vi.advanceTimersByTimeAsync(1_200);
    watch.heard(turning, TURN);
    await Promise.all([watch.end(turning), watch.end(silent)]);
    expect([turning.kill.mock.calls, silent.kill.mock.calls]).toEqual([[['innocent']], [['guilty']]]);
  });
});
