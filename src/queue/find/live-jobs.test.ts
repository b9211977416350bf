import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { defineJob } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { JournalWriter, openJournal } from '../../journal/index.ts';
import { clientOn } from '../connect.ts';
import type { FindOptions } from './check-find.ts';

test('a job that cannot be read hides no other one', async () => {
  const { url, namespace } = await inMemory.open();
  const engine = openEngine({ url, namespace, role: 'producer' });
  await engine.migrate();
  const client = clientOn(engine, new Facts());
  try {
    const contract = defineJob({ queue: 'q', name: 'n', schema: z.object({}) });
    const [sound, damaged] = await client.enqueueMany([contract({}), contract({})]);
    const queue = await engine.queue('q');
    const getJob = queue.getJob.bind(queue);
    vi.spyOn(queue, 'getJob').mockImplementation(async id => {
      if (id === damaged?.id) throw new SyntaxError('Unexpected token');
      return getJob(id);
    });
    expect((await client.find({ queue: 'q' })).jobs.map(({ id }) => id)).toEqual([sound?.id]);
    expect((await client.find({ id: damaged?.id ?? '' })).jobs).toEqual([]);
  } finally {
    await client.close();
  }
});

test('what waits and what has ended is one list of pages that have each job once, whatever comes meanwhile', async () => {
  const { url, namespace } = await inMemory.open();
  const engine = openEngine({ url, namespace, role: 'producer' });
  await engine.migrate();
  const client = clientOn(engine, new Facts());
  const now = (): number => Math.floor(engine.clock.now());
  const written = {
    store: () => openJournal(engine),
    succeededBytes: 1e6,
    worker: 'w',
    host: 'h',
    release: undefined,
    now,
  };
  const writer = new JournalWriter(written);
  const end = (nth: number): void => {
    const jobId = `q-0mwtkts1d${String(nth).padStart(4, '0')}raf4nk6-abcdefghij`;
    const about = { jobId, jobName: 'n', queue: 'q', correlationId: jobId, attempt: 1, tags: [] };
    writer.run({ ...about, outcome: 'succeeded', endedAt: now(), waitedMs: 1, ranMs: 1 });
  };
  try {
    const contract = defineJob({ queue: 'q', name: 'n', schema: z.object({}) });
    const waiting = await client.enqueueMany(Array.from({ length: 5 }, () => contract({})));
    for (let nth = 0; nth < 4; nth += 1) end(nth);
    await writer.flush();
    const pages: string[][] = [];
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const asked: FindOptions = { queue: 'q', limit: 2, ...(cursor !== undefined && { cursor }) };
      const { jobs, runs, next } = await client.find(asked);
      pages.push([...jobs.map(({ id }) => id), ...runs.map(({ jobId }) => jobId.slice(11, 15))]);
      cursor = next;
      // New ones come before the first page, and do not move the others.
      await client.enqueue(contract, {});
    }
    const ids = waiting.map(({ id }) => id).toReversed();
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), [ids[4], '0003'], ['0002', '0001'], ['0000']]);
  } finally {
    await writer.close();
    await client.close();
  }
});

test('a time that is past is looked for in the journal at once, however many jobs wait since', async () => {
  const { url, namespace } = await inMemory.open();
  const engine = openEngine({ url, namespace, role: 'producer' });
  await engine.migrate();
  const client = clientOn(engine, new Facts());
  const yesterday = Date.now() - 86_400_000;
  const store = () => openJournal(engine);
  const writer = new JournalWriter({
    store,
    succeededBytes: 1e6,
    worker: 'w',
    host: 'h',
    release: undefined,
    now: () => yesterday,
  });
  const jobId = 'q-0mwtkts1d0000raf4nk6-abcdefghij';
  const about = { jobId, jobName: 'n', queue: 'q', correlationId: jobId, attempt: 1, tags: [] };
  try {
    const contract = defineJob({ queue: 'q', name: 'n', schema: z.object({}) });
    await client.enqueueMany(Array.from({ length: 1_100 }, () => contract({})));
    writer.run({ ...about, outcome: 'succeeded', endedAt: yesterday, waitedMs: 1, ranMs: 1 });
    await writer.flush();
    const found = await client.find({ since: yesterday - 60_000, until: yesterday + 60_000 });
    expect(found.runs.map(run => run.jobId)).toEqual([jobId]);
    expect(found.jobs).toEqual([]);
  } finally {
    await writer.close();
    await client.close();
  }
});
