import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, defineSchedule, handle, type JobContract, type Schedule } from '../../src/index.ts';
import { createTestApp, type TestApp } from '../../src/testing/index.ts';

const unheard: unknown[] = [];
const hear = (error: unknown): void => void unheard.push(error);
let opened: TestApp | undefined;
beforeEach(() => {
  unheard.length = 0;
  process.on('unhandledRejection', hear);
});
afterEach(async () => {
  await opened?.close();
  opened = undefined;
  process.off('unhandledRejection', hear);
});

const schema = z.object({ n: z.number() });
type Job = JobContract<typeof schema>;
const late = async (): Promise<never> => Promise.reject(new Error('too late'));
/** As plain JavaScript defines it: with an `async` function where one has to answer at once. */
const asyncly = (part: object): Job =>
  (defineJob as (definition: object) => Job)({
    queue: 'q',
    name: 'n',
    schema,
    retry: { attempts: 1 },
    ...part,
  });

function atWork(job: Job, schedules: readonly Schedule[] = []): TestApp {
  const handler = handle(job, () => {
    throw new Error('It fails.');
  });
  return (opened = createTestApp(defineApp({ jobs: [job], handlers: [handler], schedules })));
}

/** Time for a rejection that nobody hears to be said. */
const settled = (): Promise<void> => new Promise(resolve => setImmediate(() => setImmediate(resolve)));

describe('an async function in the place of one that answers at once', () => {
  test.each<[string, object, string]>([
    ['key', { key: late }, 'key: expected a list at once, got a promise'],
    ['tags', { tags: late }, 'tags: expected an object of tags at once, got a promise'],
    ['destination', { destination: late }, 'found that it gives a promise'],
    ['by', { limits: [{ concurrency: 1, by: late }] }, 'found that it gives a promise'],
    ['concurrency', { limits: [{ by: () => 't', concurrency: late }] }, 'found that it gives a promise'],
    ['rate', { limits: [{ by: () => 't', rate: late }] }, 'found that it gives a promise'],
    ['weight', { limits: [{ by: () => 't', fair: { weight: late } }] }, 'found that it gives a promise'],
    ['chunk.by', { chunk: { by: late } }, 'Expected chunk.by to answer at once, got a promise'],
  ])('as %s queues nothing, says so, and ends no process', async (_, part, said) => {
    const job = asyncly(part);
    const shiftwork = atWork(job);
    await expect(shiftwork.client.enqueue(job, { n: 1 })).rejects.toThrow(said);
    await settled();
    expect(unheard).toEqual([]);
  });

  test('as onDead queues nothing, says so as a fact, and ends no process', async () => {
    const job = asyncly({ onDead: late });
    const shiftwork = atWork(job);
    const failed = shiftwork.facts.next('worker.error');
    await shiftwork.client.enqueue(job, { n: 1 });
    await shiftwork.drain();
    expect((await failed).error.message).toContain('expected onDead to answer a job at once, got a promise');
    expect(shiftwork.runs.map(({ outcome }) => outcome)).toEqual(['dead']);
    await settled();
    expect(unheard).toEqual([]);
  });

  test('as what makes the data of a schedule fails that slot alone, and ends no process', async () => {
    const job = asyncly({});
    const schedule = (defineSchedule as (definition: object) => Schedule)({ name: 's', job, data: late, every: '1h' });
    const shiftwork = atWork(job, [schedule]);
    await shiftwork.advance('3h');
    await settled();
    expect(unheard).toEqual([]);
    expect(() => schedule.dataAt(new Date(0))).toThrow('schedule "s": expected data to be made at once, got a promise');
  });
});
