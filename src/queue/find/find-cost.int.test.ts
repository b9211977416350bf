import { Pool } from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { freshDatabase } from '../../../tests/support/engines.ts';
import { MIGRATED_NAMESPACE } from '../../../tests/support/templates.ts';
import { defineApp, defineJob } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { clientOn } from '../connect.ts';
import type { FindOptions } from './check-find.ts';

const SEARCHES: readonly (readonly [
  what: string,
  options: (id: string) => FindOptions,
  found: (queues: number) => number,
])[] = [
  ['the newest', () => ({}), queues => 2 * queues],
  ['those of a tag', () => ({ tag: { user: 'u-1' } }), queues => queues],
  ['those of an id', id => ({ id }), () => 1],
];

test('on PostgreSQL a search costs as many statements in ten queues as in two, each of many jobs', async () => {
  const costs = async (queues: number): Promise<readonly number[]> => {
    const database = await freshDatabase('migrated_engine');
    const engine = openEngine({ url: database.url, namespace: MIGRATED_NAMESPACE, role: 'producer' });
    onTestFinished(async () => {
      await engine.close(1_000);
      await database.drop();
    });
    const jobs = Array.from({ length: queues }, (_, n) =>
      defineJob({
        queue: `q${n}`,
        name: `job-${n}`,
        schema: z.object({ user: z.string() }),
        tags: ({ user }) => ({ user }),
      }),
    );
    const client = clientOn(engine, new Facts(), undefined, undefined, defineApp({ jobs, handlers: [] }));
    const [first] = await client.enqueueMany(jobs.flatMap(job => [job({ user: 'u-1' }), job({ user: 'u-2' })]));
    const counted: number[] = [];
    for (const [, options, found] of SEARCHES) {
      const search = async (): Promise<number> => (await client.find(options(first?.id ?? ''))).jobs.length;
      // What is found out once, such as which queues there are.
      await search();
      const sent = vi.spyOn(Pool.prototype, 'query');
      expect(await search()).toBe(found(queues));
      counted.push(sent.mock.calls.length);
      sent.mockRestore();
    }
    return counted;
  };
  const [two, ten] = [await costs(2), await costs(10)];
  expect(ten).toEqual(two);
});
