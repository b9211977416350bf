import { expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.ts';
import { namespace } from '../../../../tests/support/engines.ts';
import { openEngine, type TakenJob, type TurnAnswer, type TurnQueue } from '../../../engine/index.ts';
import { TurnLoop, type TurnLoopOptions } from './turn-loop.ts';

/** What a loop asks of its queue. */
type Asked = Pick<TurnQueue, 'turn' | 'waitForWork' | 'signStays' | 'extendLocks'>;

function loopOf(queue: Asked, given: Partial<TurnLoopOptions>): TurnLoop {
  return new TurnLoop({
    queue: queue as TurnQueue,
    worker: 'tester',
    concurrency: 2,
    isLimited: false,
    lockMs: 30_000,
    now: () => 0,
    pass: () => Promise.resolve(),
    onJob: () => undefined,
    onError: () => undefined,
    onLost: () => undefined,
    ...given,
  });
}

test('a loop that is paused and resumed at once again and again takes as one does', async () => {
  let taken = 0;
  const queue: Asked = {
    signStays: true,
    extendLocks: () => Promise.resolve([]),
    async turn({ ends, take }): Promise<TurnAnswer> {
      const settled = ends.map(() => ({ kind: 'settled' }) as const);
      const [token] = take?.tokens ?? [];
      if (token === undefined || taken >= 3)
        return { settled, jobs: [], rest: { kind: 'none', delayedUntil: undefined } };
      taken += 1;
      return { settled, jobs: [{ ...JOB, id: `${taken}`, token }], rest: { kind: 'more' } };
    },
    waitForWork: (_now, _until, signal) =>
      new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true })),
  };
  const loop: TurnLoop = loopOf(queue, {
    onJob: job => void loop.settle(job, { what: 'handed-back' }),
  });
  loop.start();
  for (let time = 0; time < 5; time += 1) {
    loop.pause();
    loop.resume();
  }
  await waitFor('all three', () => taken === 3);
  loop.pause();
  await loop.settled();
  expect(taken).toBe(3);
});

test.each(['before it has asked for anything', 'with less room than it may ask for, until nothing runs'])(
  'a loop that is paused %s takes again once it is resumed',
  async when => {
    const taken: TakenJob[] = [];
    const queue: Asked = {
      signStays: true,
      extendLocks: () => Promise.resolve([]),
      async turn({ ends, take }): Promise<TurnAnswer> {
        const jobs = (take?.tokens ?? []).map(token => ({ ...JOB, id: token, token }));
        return {
          settled: ends.map(() => ({ kind: 'settled' })),
          jobs,
          rest: take === undefined ? undefined : { kind: 'more' },
        };
      },
      waitForWork: () => new Promise(resolve => setImmediate(resolve)),
    };
    const loop: TurnLoop = loopOf(queue, {
      concurrency: 1,
      onJob: job => taken.push(job),
    });
    loop.start();
    if (when.startsWith('with')) await waitFor('a job', () => taken.length === 1);
    loop.pause();
    for (const job of taken) await loop.settle(job, { what: 'handed-back' });
    await passRounds(20);
    const before = taken.length;
    loop.resume();
    await waitFor('a job after the pause', () => taken.length > before);
    loop.pause();
    for (const job of taken.slice(before)) await loop.settle(job, { what: 'handed-back' });
    await loop.settled();
    expect(taken).toHaveLength(before + 1);
  },
);

const JOB: TakenJob = {
  kind: 'sound',
  id: 'a',
  token: '',
  name: 'greet',
  data: {},
  opts: {},
  timestamp: 0,
  attemptsMade: 0,
  attemptsStarted: 1,
  progress: 0,
  stacktrace: [],
  deferredFailure: undefined,
  repeatJobKey: undefined,
};

test('a worker that waits for a sign learns from a turn under way when the next delayed job is due', async () => {
  const waits: (number | undefined)[] = [];
  const queue: Asked = {
    signStays: true,
    extendLocks: () => Promise.resolve([]),
    async turn({ ends, take }): Promise<TurnAnswer> {
      const [token] = take?.tokens ?? [];
      if (ends.length > 0 || token === undefined) {
        return { settled: ends.map(() => ({ kind: 'settled' })), jobs: [], rest: { kind: 'none', delayedUntil: 7 } };
      }
      return { settled: [], jobs: waits.length === 0 ? [{ ...JOB, token }] : [], rest: { kind: 'more' } };
    },
    waitForWork(_now, until, signal) {
      waits.push(until);
      return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
    },
  };
  const running = Promise.withResolvers<TakenJob>();
  const loop = loopOf(queue, {
    concurrency: 5,
    onJob: job => running.resolve(job),
  });
  loop.start();
  const job = await running.promise;
  await waitFor('a wait for the sign', () => waits.length === 1);
  expect(waits).toEqual([undefined]);
  await loop.settle(job, { what: 'handed-back' });
  await waitFor('a wait until then', () => waits.length === 2);
  expect(waits).toEqual([undefined, 7]);
  loop.pause();
  await loop.settled();
});

test('turns grow to their full size, also where one is answered while the next is under way again and again', async () => {
  const sizes: number[] = [];
  let ids = 0;
  const unanswered: (() => void)[] = [];
  const queue: Asked = {
    signStays: true,
    extendLocks: () => Promise.resolve([]),
    async turn({ ends, take }): Promise<TurnAnswer> {
      const tokens = take?.tokens ?? [];
      sizes.push(tokens.length);
      // The one before is answered by this one, so that one is always under way; where none follows it is answered a little later.
      unanswered.shift()?.();
      const answered = Promise.withResolvers<void>();
      unanswered.push(answered.resolve);
      await Promise.race([answered.promise, passRounds(20)]);
      const jobs = tokens.map(token => ({ ...JOB, id: `${(ids += 1)}`, token }));
      return { settled: ends.map(() => ({ kind: 'settled' })), jobs, rest: { kind: 'more' } };
    },
    waitForWork: () => new Promise(resolve => setImmediate(resolve)),
  };
  const loop: TurnLoop = loopOf(queue, {
    concurrency: 200,
    onJob: job => void loop.settle(job, { what: 'handed-back' }),
  });
  loop.start();
  await waitFor('a hundred turns', () => sizes.length >= 100);
  loop.abandon();
  expect(Math.max(...sizes)).toBe(32);
});

test.each(['NOPERM', '42501'])(
  'an end that the server has no right for any more (%s) is written once there is',
  async code => {
    let isWithheld = true;
    let tries = 0;
    const renewed: string[] = [];
    const queue: Asked = {
      signStays: true,
      async extendLocks(locks) {
        renewed.push(...locks.map(({ jobId }) => jobId));
        return [];
      },
      async turn({ ends }): Promise<TurnAnswer> {
        if (ends.length > 0) tries += 1;
        if (isWithheld) throw Object.assign(new Error('no right'), { code });
        return {
          settled: ends.map(() => ({ kind: 'settled' })),
          jobs: [],
          rest: { kind: 'none', delayedUntil: undefined },
        };
      },
      waitForWork: (_now, _until, signal) =>
        new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true })),
    };
    const loop = loopOf(queue, {
      lockMs: 30,
    });
    loop.adopt({ jobId: 'a', token: 'a' });
    const answer = loop.settle({ ...JOB, token: 'a' }, { what: 'handed-back' });
    await waitFor('it to be tried again', () => tries >= 3);
    // Nobody else may take the job meanwhile.
    renewed.length = 0;
    await waitFor('its lock to be renewed', () => renewed.includes('a'));
    isWithheld = false;
    expect(await answer).toEqual({ kind: 'settled' });
    await loop.settled();
    loop.abandon();
  },
);

test('an end that is answered as one for which the right is missing is told, keeps its slot, and is written once there is', async () => {
  let isWithheld = true;
  const taken: TakenJob[] = [];
  const told: unknown[] = [];
  const answers: Promise<unknown>[] = [];
  const queue: Asked = {
    signStays: true,
    extendLocks: () => Promise.resolve([]),
    async turn({ ends, take }): Promise<TurnAnswer> {
      const jobs = (take?.tokens ?? []).map(token => ({ ...JOB, id: token, token }));
      return {
        settled: ends.map(() => ({ kind: isWithheld ? 'withheld' : 'settled' })),
        jobs,
        rest: take === undefined ? undefined : { kind: 'more' },
      };
    },
    waitForWork: () => new Promise(resolve => setImmediate(resolve)),
  };
  const loop: TurnLoop = loopOf(queue, {
    onJob(job) {
      taken.push(job);
      answers.push(loop.settle(job, { what: 'handed-back' }));
    },
    onError: error => told.push(error),
  });
  loop.start();
  await waitFor('ends to be tried again and again', () => told.length >= 10);
  expect(String(told[0])).toContain('is missing');
  // Two, and as many as the turn that first wrote their ends took for their slots.
  expect(taken.length).toBeLessThanOrEqual(4);
  loop.pause();
  isWithheld = false;
  await loop.settled();
  for (const answer of answers) expect(await answer).toEqual({ kind: 'settled' });
});

async function passRounds(ofTheLoop: number): Promise<void> {
  for (let round = 0; round < ofTheLoop; round += 1) await new Promise(resolve => setImmediate(resolve));
}

test('a burst that is smaller than the slots of one worker spreads over four that are idle', async () => {
  const name = namespace();
  const counts = [0, 0, 0, 0];
  const url = `memory://${name}`;
  const engines = counts.map(() => openEngine({ url, role: 'worker' }));
  const taken: TakenJob[] = [];
  const loops = await Promise.all(
    engines.map(
      async (engine, nth) =>
        new TurnLoop({
          queue: await engine.turns('email'),
          worker: `worker ${nth}`,
          concurrency: 50,
          isLimited: false,
          lockMs: 30_000,
          now: () => engine.clock.now(),
          pass: () => Promise.resolve(),
          onJob: job => {
            taken.push(job);
            counts[nth] = (counts[nth] ?? 0) + 1;
          },
          onError: () => undefined,
          onLost: () => undefined,
        }),
    ),
  );
  for (const loop of loops) loop.start();
  const [first] = engines;
  const queue = await first?.turns('email');
  await queue?.add(
    Array.from({ length: 40 }, (_, nth) => ({
      id: `j-${nth}`,
      name: 'x',
      data: '{}',
      opts: {},
      timestamp: Date.now(),
    })),
  );
  await waitFor('all to be taken', () => taken.length === 40);
  for (const count of counts) expect(Math.abs(count - 10)).toBeLessThanOrEqual(2.5);
  for (const loop of loops) loop.abandon();
  await Promise.all(engines.map(engine => engine.close()));
});
