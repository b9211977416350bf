import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { defineJob } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { clientOn } from '../connect.ts';

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
