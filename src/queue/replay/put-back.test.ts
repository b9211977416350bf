import { expect, test } from 'vitest';
import { z } from 'zod';
import { cutOff } from '../../../tests/support/cut-off.ts';
import { memoryCase } from '../../../tests/support/memory-case.ts';
import { runApp } from '../../../tests/support/running-app.ts';
import { dead, defineApp, defineJob, handle } from '../../contracts/index.ts';
import { DeadLetters } from '../../dead-letters/index.ts';
import { clientOn } from '../index.ts';
import { ACT_MS } from './exclusively.ts';

test('a process that is killed before it puts a job back leaves its key to others: none comes to nothing because of a job that has ended', async () => {
  const fixture = memoryCase();
  const remind = defineJob({
    queue: 'email',
    name: 'remind',
    schema: z.object({ to: z.string() }),
    key: ({ to }) => [to],
  });
  const app = defineApp({ jobs: [remind], handlers: [handle(remind, () => dead('no mailbox'))] });
  const { client, engine, facts, stop } = await runApp(fixture, app);
  const { id } = await client.enqueue(remind, { to: 'ann' });
  await fixture.until('its end', async () => (await client.job(id))?.state === 'dead');
  const cut = cutOff(engine, 2);
  await expect(clientOn(cut.engine, facts).replay(id, { contract: remind })).rejects.toThrow();
  expect(cut.before()).toBe('addJobLog');
  await fixture.clock.advance(ACT_MS);
  expect(await client.enqueue(remind, { to: 'ann' })).toMatchObject({ deduplicated: false });
  await stop();
});

test('one that is killed when it has just put a job back leaves its key to that one, as long as it runs', async () => {
  const fixture = memoryCase();
  const remind = defineJob({
    queue: 'email',
    name: 'remind',
    schema: z.object({ to: z.string() }),
    key: ({ to }) => [to],
  });
  const never = Promise.withResolvers<void>();
  const states = { healed: false };
  const handler = handle(remind, () => (states.healed ? never.promise : dead('no mailbox')));
  const { client, engine, facts, stop } = await runApp(fixture, defineApp({ jobs: [remind], handlers: [handler] }));
  const { id } = await client.enqueue(remind, { to: 'ann' });
  await fixture.until('its end', async () => (await client.job(id))?.state === 'dead');
  states.healed = true;
  const cut = cutOff(engine, 3);
  await expect(clientOn(cut.engine, facts).replay(id, { contract: remind })).rejects.toThrow();
  expect(cut.before()).toBe('holdKey');
  await fixture.until('its run', async () => (await client.job(id))?.state === 'running');
  await fixture.clock.advance(ACT_MS);
  expect(await client.enqueue(remind, { to: 'ann' })).toMatchObject({ id, deduplicated: true });
  never.resolve();
  await stop();
});

test('a dead letter of which another job was made is not discarded: that would run all the same', async () => {
  const fixture = memoryCase();
  const note = defineJob({ queue: 'email', name: 'note', schema: z.object({ text: z.string() }) });
  const app = defineApp({ jobs: [note], handlers: [handle(note, () => dead('no mailbox'))] });
  const { client, engine, facts, stop } = await runApp(fixture, app);
  const { id } = await client.enqueue(note, { text: 'wrong' });
  await fixture.until('its end', async () => (await client.job(id))?.state === 'dead');
  const cut = cutOff(engine, 2);
  const killed = clientOn(cut.engine, facts).replay(id, { contract: note, data: { text: 'right' } });
  await expect(killed).rejects.toThrow();
  const discard = new DeadLetters({ engine, app, facts }).discard({ ids: [id] }, { by: 'ann', reason: 'not wanted' });
  const why = expect.stringMatching(/^it was replayed with other data, as job email-/) as unknown;
  expect(await discard).toMatchObject({ done: [], skipped: [{ id, why }] });
  expect((await client.job(id))?.state).toBe('dead');
  await stop();
});
