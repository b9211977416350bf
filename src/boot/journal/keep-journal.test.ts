import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { DeadLetters } from '../../dead-letters/index.ts';
import { findRuns, type RunRecord } from '../../journal/index.ts';
import { keepJournal, type KeptJournal } from './keep-journal.ts';
import { lookOnce } from './watch-work.ts';

const order = defineJob({
  queue: 'orders',
  name: 'order-mail',
  schema: z.object({ user: z.string(), order: z.string(), email: z.string() }),
  retry: { attempts: 2, backoff: { kind: 'fixed', delayMs: 1 } },
  tags: ({ user, order: id }) => ({ user, order: id }),
  publicTags: ['order'],
  sensitive: ['email'],
});
const app = defineApp({
  jobs: [order],
  handlers: [
    handle(order, ({ order: id, email }) => {
      if (id === 'o-2') throw new TypeError(`no mailbox for ${email}`);
    }),
  ],
});

describe('the journal of an app at work', () => {
  let running: RunningApp;
  let journal: KeptJournal;
  beforeEach(async () => {
    running = await runApp(inMemory, app);
    const { engine, facts, host } = running;
    const variables = { RELEASE: 'r7' };
    const kept = keepJournal({ engine, facts, variables, worker: host.name, host: hostname() });
    if (kept === undefined) throw new Error('Expected a journal.');
    journal = kept;
  });
  afterEach(async () => {
    await journal.close();
    await running.stop();
  });
  const written = async (): Promise<readonly RunRecord[]> => {
    await journal.flush(1_000);
    return (await findRuns(await journal.source.open(), {}, { limit: 50 })).runs;
  };

  test('has each run with its tags, without a sensitive value, under the cause of its dead letter', async () => {
    const done = running.facts.next('job.succeeded');
    await running.client.enqueue(order, { user: 'u-1', order: 'o-1', email: 'ann@example.com' });
    await done;
    const died = running.facts.next('job.dead');
    const { id } = await running.client.enqueue(order, { user: 'u-2', order: 'o-2', email: 'bob@example.com' });
    await died;
    const runs = await written();
    expect(runs.map(({ outcome }) => outcome).toSorted()).toEqual(['dead', 'retried', 'succeeded']);
    const dead = runs.find(({ outcome }) => outcome === 'dead');
    expect(dead).toMatchObject({
      jobId: id,
      attempt: 2,
      reason: 'attempts-exhausted',
      error: 'TypeError',
      release: 'r7',
    });
    expect(dead?.tags).toMatchObject([{ name: 'user' }, { name: 'order', value: 'o-2' }]);
    expect(dead?.tags[0]).not.toHaveProperty('value');
    expect(JSON.stringify(runs)).not.toMatch(/example\.com|u-1|u-2/);
    const letters = new DeadLetters({ app, engine: running.engine });
    const group = await waitFor('the dead letter to be counted', async () => (await letters.groups())[0]);
    expect(dead?.cause).toBe(group.fingerprint);
  });

  test('has what queues hold, pauses of people, and releases: once, however many look', async () => {
    const { engine, client } = running;
    await client.pause({ queue: 'orders' }, { by: 'ada', reason: 'the shop moves' });
    const look = { engine, queues: ['orders'], journal };
    await Promise.all([lookOnce(look), lookOnce(look)]);
    await lookOnce(look);
    await journal.flush(1_000);
    const store = await journal.source.open();
    const span = { from: 0, to: engine.clock.now() + 60_000 };
    const marks = await store.marks(span, 50);
    expect(marks.map(({ kind, text }) => `${kind} ${text}`).toSorted()).toEqual([
      'deploy Release r7',
      'paused orders was paused by ada: the shop moves.',
    ]);
    expect(await store.depths(span, ['orders'])).toMatchObject([{ queue: 'orders', unfinished: 0 }]);
  });

  test('is not kept with JOURNAL=off', () => {
    const { engine, facts } = running;
    expect(keepJournal({ engine, facts, variables: { JOURNAL: 'off' }, worker: 'w', host: 'h' })).toBeUndefined();
  });
});
