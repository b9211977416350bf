import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../tests/support/engines.ts';
import { runApp } from '../../tests/support/running-app.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../contracts/index.ts';
import { openEngine } from '../engine/index.ts';
import { Facts } from '../facts/index.ts';
import { clientOn } from '../queue/index.ts';
import { createWorkerHost } from './index.ts';

const schema = z.strictObject({ n: z.number() });
const letter = defineJob({ queue: 'email', name: 'letter', schema });
const card = defineJob({ queue: 'email', name: 'card', schema });
/** Many takes' worth of looks. */
const IN_FRONT = { redis: 10_000, postgres: 1_000 };

describe.each(engineCases)('a paused contract on $kind', fixture => {
  test('keeps nobody behind its jobs from being run, begins none of them on a host that starts later either, and all when it is resumed', async () => {
    const ran = new Map<string, number>();
    const count = (name: string) => void ran.set(name, (ran.get(name) ?? 0) + 1);
    const app = defineApp({
      jobs: [letter, card],
      handlers: [letter, card].map(contract => handle(contract, () => count(contract.name))),
      queues: { email: { concurrency: 50 } },
    });
    const place = await fixture.open();
    const running = await runApp({ open: async () => place }, app);
    try {
      const { client } = running;
      await client.pause({ contract: letter }, { by: 'ann', reason: 'the template is wrong' });
      const most = IN_FRONT[fixture.kind];
      const receipts = await client.enqueueMany(Array.from({ length: most }, (_, n) => letter({ n })));
      await client.enqueue(card, { n: 1 });
      await waitFor('the card behind them to run', () => ran.get('card') === 1);
      const [first] = receipts;
      expect(await client.job(first?.id ?? '')).toMatchObject({
        state: 'waiting',
        attemptsMade: 0,
        startedAt: undefined,
        waitsFor: {
          for: 'pause',
          of: { contract: 'letter', queue: 'email' },
          by: 'ann',
          reason: 'the template is wrong',
        },
      });
      const engine = openEngine({ url: place.url, namespace: place.namespace, role: 'worker' });
      const other = createWorkerHost({ app, engine, facts: running.facts });
      await other.start();
      await client.enqueue(card, { n: 2 });
      await waitFor('the next card to run', () => ran.get('card') === 2);
      await other.stop(3_000);
      expect(ran.get('letter')).toBeUndefined();
      await client.resume({ contract: letter });
      await waitFor('the letters to run', () => ran.get('letter') === most);
      expect(await client.pauses(['email'])).toEqual([]);
    } finally {
      await running.stop();
    }
  });

  test('of a queue of another program is taken and shown, with an app or without one; of one that nobody has it is refused', async () => {
    const app = defineApp({ jobs: [letter], handlers: [] });
    const { url, namespace, cleanup } = await fixture.open();
    const engine = openEngine({ url, namespace, role: 'worker' });
    try {
      await engine.migrate();
      const facts = new Facts();
      const client = clientOn(engine, facts, undefined, undefined, app);
      const appless = clientOn(engine, facts);
      await appless.enqueue(defineJob({ queue: 'others', name: 'theirs', schema }), { n: 1 });
      for (const asking of [client, appless]) {
        await expect(asking.pause({ queue: 'othres' })).rejects.toThrow('Did you mean "others"?');
        await asking.pause({ queue: 'others' }, { by: 'ann' });
        expect(await client.pauses()).toMatchObject([{ of: { queue: 'others' }, by: 'ann' }]);
        await asking.resume({ queue: 'others' });
        expect(await client.pauses()).toEqual([]);
      }
    } finally {
      await engine.close();
      await cleanup();
    }
  });
});
