import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob } from '../../contracts/index.ts';
import { openCipher } from '../../privacy/index.ts';
import { deathOf } from './follow-death.ts';

test('what follows from a death gets the name of a job of another program: its id is of its queue alone', () => {
  const tell = defineJob({ queue: 'deaths', name: 'tell', schema: z.strictObject({ of: z.string() }) });
  const pay = defineJob({
    queue: 'deaths',
    name: 'pay',
    schema: z.strictObject({ order: z.string() }),
    onDead: ({ jobId }) => tell({ of: jobId }),
  });
  const app = defineApp({ jobs: [pay, tell], handlers: [] });
  const parts = { queue: 'deaths', now: 1, reason: 'poison', message: 'no', attempts: 1 } as const;
  const death = (id: string) =>
    deathOf(app, openCipher({}, 'test'), { id, name: 'pay', opts: {}, data: { order: 'o-1' } }, parts);
  expect(death('7')).toMatchObject({ jobId: 'deaths/7', data: { order: 'o-1' } });
  const own = 'deaths-0mabcdefgh0000abcdef-0123456789';
  expect(death(own)).toMatchObject({ jobId: own });
});
