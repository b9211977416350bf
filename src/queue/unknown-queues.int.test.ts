import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../tests/support/engines.ts';
import { PATIENCE_MS } from '../../tests/support/wait-for.ts';
import { defineJob } from '../contracts/index.ts';
import { openEngine } from '../engine/index.ts';
import { connect } from './index.ts';

const greet = defineJob({ queue: 'email', name: 'greet', schema: z.object({ text: z.string() }) });

describe.each(engineCases)('queues that nobody has on $kind', ({ kind, open }) => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  test('what is asked about them makes none, and one is known from its first job on', async () => {
    const { url, namespace, cleanup } = await open();
    closing.push(cleanup);
    const engine = openEngine({ url, namespace, role: 'producer' });
    closing.push(() => engine.close());
    await engine.migrate();
    const client = connect({ [kind]: url, namespace });
    closing.push(() => client.close());
    const { id } = await client.enqueue(greet, { text: 'x' }, { delay: '1h' });
    // Of the same form, as a stranger may send it.
    for (const asked of [id.replace('email-', 'strange-'), 'strange/order-1', '../../x', '\0/order-1']) {
      expect(await client.job(asked)).toBeUndefined();
      expect(await client.cancel(asked)).toBe('unknown');
      await expect(client.replay(asked, { contract: greet })).rejects.toMatchObject({ reason: 'unknown' });
      const data = { text: 'y' };
      await expect(client.update(asked, { contract: greet, data })).rejects.toMatchObject({ reason: 'unknown' });
      await expect(client.result(asked, { timeout: PATIENCE_MS })).rejects.toMatchObject({ code: 'RESULT_UNKNOWN' });
    }
    for (const asked of [{ id: id.replace('email-', 'strange-') }, { id: 'strange/order-1' }, { queue: 'misspelt' }])
      expect((await client.find(asked)).jobs).toEqual([]);
    expect(await engine.queueNames()).toEqual(['email']);
    await expect(client.pause({ queue: 'misspelt' })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    // A process that has not opened it yet finds it.
    const other = connect({ [kind]: url, namespace });
    closing.push(() => other.close());
    expect((await other.find({ queue: 'email' })).jobs.map(job => job.id)).toEqual([id]);
    expect(await other.job(id)).toMatchObject({ id, state: 'delayed' });
    expect(await other.cancel(id)).toBe('requested');
  });
});
