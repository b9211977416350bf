import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { askingBefore, cutOff } from '../../../tests/support/cut-off.ts';
import { engineCases } from '../../../tests/support/engines.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { dead, defineApp, defineJob, handle } from '../../contracts/index.ts';
import { DeadLetters } from '../../dead-letters/index.ts';
import { openState } from '../../state/index.ts';
import { clientOn, marksOf } from '../index.ts';
import { partId } from '../ids/job-id.ts';

const remind = defineJob({
  queue: 'email',
  name: 'remind',
  schema: z.strictObject({ to: z.string(), text: z.string() }),
  key: ({ to }) => [to],
});
const note = defineJob({ queue: 'email', name: 'note', schema: z.strictObject({ text: z.string() }) });

describe.each(engineCases)('a replay on $kind', fixture => {
  let running: RunningApp | undefined;
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });
  const setup = async () => {
    const said: string[] = [];
    const state = { healed: false };
    const app = defineApp({
      jobs: [remind, note],
      handlers: [
        handle(note, ({ text }) => {
          said.push(text);
          return text.startsWith('wrong') && !state.healed ? dead('cannot be read') : undefined;
        }),
        handle(remind, async ({ text }, run) => {
          await run.step('charge', () => void said.push('charge'));
          if (text === 'wrong' && !state.healed) return dead('no such mailbox');
          said.push(text);
          return undefined;
        }),
      ],
    });
    running = await runApp(fixture, app);
    const { client, engine, facts } = running;
    const letters = new DeadLetters({ engine, app, facts });
    const ends = (id: string, state: string) =>
      waitFor(`job ${id} to be ${state}`, async () => {
        const view = await client.job(id);
        return view?.state === state ? view : undefined;
      });
    const deadOne = async (to: string): Promise<string> => {
      const { id } = await client.enqueue(remind, { to, text: 'wrong' });
      await ends(id, 'dead');
      return id;
    };
    return { said, state, client, engine, facts, app, letters, ends, deadOne };
  };

  test('as it is keeps its id and its steps; with other data a new job has its key, its history and its place in a batch', async () => {
    const { said, state, client, engine, letters, ends, deadOne } = await setup();
    const same = await deadOne('ann');
    state.healed = true;
    expect(await client.replay(same, { contract: remind })).toMatchObject({ id: same, skips: ['charge'] });
    await ends(same, 'succeeded');
    expect(said).toEqual(['charge', 'wrong']);
    state.healed = false;

    const { id: batch, jobs } = await client.batch({ name: 'one', jobs: [remind({ to: 'bob', text: 'wrong' })] });
    const id = jobs[0]?.id ?? '';
    await ends(id, 'dead');
    await waitFor('the batch', async () => (await client.batchView(batch))?.state === 'ended');
    expect(await letters.count()).toBe(1);
    const right = { contract: remind, data: { to: 'bob', text: 'right' }, by: 'ops' };
    const made = await client.replay(id, right);
    const view = await ends(made.id, 'succeeded');
    expect(view).toMatchObject({ replayOf: id, batch, attemptsMade: 1, correlationId: id });
    expect(await letters.count()).toBe(0);
    expect(await client.job(id)).toBeUndefined();
    const { logs } = await (await engine.queue('email')).getJobLogs(made.id);
    expect(logs.map(line => JSON.parse(line) as unknown)).toMatchObject([
      { what: 'failed', dead: 'said-by-handler' },
      { what: 'replayed', by: 'ops', of: id },
    ]);
    await waitFor('its end in the batch', async () => (await client.batchView(batch))?.ended.succeeded === 1);
    expect(await client.batchView(batch)).toMatchObject({ total: 1, open: 0, ended: { dead: 0 } });
    await expect(client.enqueue(remind, right.data)).resolves.toMatchObject({ id: made.id, deduplicated: true });
  });

  test('of one whose process died after the new job was made goes on with that', async () => {
    const { said, client, engine, ends, deadOne } = await setup();
    const id = await deadOne('ann');
    const { finishedAt, enqueuedAt } = (await client.job(id)) ?? { enqueuedAt: 0 };
    const newId = partId('email', finishedAt ?? enqueuedAt, id, `replay ${finishedAt}`);
    const turns = await engine.turns('email');
    const json = JSON.stringify({ to: 'ann', text: 'right' });
    const timestamp = Math.floor(engine.clock.now());
    await turns.add([{ id: newId, name: 'remind', data: json, opts: { delay: 3_600_000, attempts: 3 }, timestamp }]);
    await expect(client.replay(id, { contract: remind, data: { to: 'ann', text: 'other' } })).rejects.toMatchObject({
      reason: 'replayed',
      otherId: newId,
    });
    const made = await client.replay(id, { contract: remind, data: { to: 'ann', text: 'right' } });
    expect(made).toMatchObject({ id: newId, replayOf: id });
    await ends(newId, 'succeeded');
    expect(said).toEqual(['charge', 'charge', 'right']);
    expect(await client.job(id)).toBeUndefined();
  });

  test('whose process is killed between any two of its steps is done whole in time, or not at all: once, in its batch, with its history', async () => {
    const { said, state, client, engine, facts, app, letters, ends } = await setup();
    const killedBefore: string[] = [];
    for (let nth = 1; ; nth += 1) {
      const [wrong, right] = [`wrong ${nth}`, `right ${nth}`];
      const { id: batch, jobs } = await client.batch({ name: 'one', jobs: [note({ text: wrong })] });
      const id = jobs[0]?.id ?? '';
      const { finishedAt = 0 } = await ends(id, 'dead');
      await waitFor('the batch', async () => (await client.batchView(batch))?.state === 'ended');
      const cut = cutOff(engine, nth);
      const killed = clientOn(cut.engine, facts, undefined, undefined, app);
      const answer = await killed.replay(id, { contract: note, data: { text: right } }).catch(() => undefined);
      if (answer !== undefined) break;
      killedBefore.push(cut.before());
      state.healed = true;
      const again = await client.replay(id, { contract: note }).then(
        () => 'runs',
        (error: unknown) => Object(error).reason as unknown,
      );
      const successor = partId('email', finishedAt, id, `replay ${finishedAt}`);
      if (again !== 'runs') {
        // Its time has come: nobody lets it begin any more.
        const now = engine.clock.now();
        await (await engine.turns('email')).change(successor, now, ({ opts }) => ({ opts, dueAt: now }));
      }
      const ran = again === 'runs' ? id : successor;
      await ends(ran, 'succeeded');
      // Before the new job was made nothing has happened.
      expect(again === 'runs').toBe(nth === 1);
      expect(said.filter(text => text.endsWith(` ${nth}`))).toEqual([wrong, nth === 1 ? wrong : right]);
      await waitFor('its end in the batch', async () => (await client.batchView(batch))?.ended.succeeded === 1);
      expect(await client.batchView(batch)).toMatchObject({ total: 1, open: 0 });
      const { logs } = await (await engine.queue('email')).getJobLogs(ran);
      expect(logs.map(line => String(Object(JSON.parse(line)).what))).toEqual(['failed', 'replayed']);
      expect(await letters.count()).toBe(0);
      state.healed = false;
    }
    expect(killedBefore).toEqual(['add', 'replaceMember', 'addJobLog', 'addJobLog', 'remove', 'change']);
  });

  test('whose maker stands still until others may act on the job makes no second one of it, and no run beside what they did', async () => {
    const { said, state, client, engine, facts, app, ends, deadOne } = await setup();
    /** Before it adds, others find its lease over, and act. */
    const standing = (id: string, to: string, act: () => Promise<unknown>) => {
      let isFirst = true;
      const stalled = askingBefore(engine, async write => {
        if (write !== 'add' || !isFirst) return;
        isFirst = false;
        await (await openState(engine)).delete('dead-letter', id);
        await act();
      });
      const maker = clientOn(stalled, facts, undefined, undefined, app);
      return maker.replay(id, { contract: remind, data: { to, text: 'right' } });
    };

    const id = await deadOne('ann');
    state.healed = true;
    const putBack = standing(id, 'ann', async () => {
      await client.replay(id, { contract: remind });
      await ends(id, 'succeeded');
    });
    await expect(putBack).rejects.toMatchObject({ reason: 'open' });
    expect(said).toEqual(['charge', 'wrong']);
    expect(await (await engine.queue('email')).getDelayedCount()).toBe(0);
    await expect(client.enqueue(remind, { to: 'ann', text: 'wrong' })).resolves.toMatchObject({ id });

    state.healed = false;
    const { id: second } = await client.enqueue(remind, { to: 'bob', text: 'wrong' });
    await ends(second, 'dead');
    const other = { contract: remind, data: { to: 'bob', text: 'other' } };
    let made = '';
    const late = standing(second, 'bob', async () => (made = (await client.replay(second, other)).id));
    await expect(late).rejects.toMatchObject({ reason: 'replayed' });
    expect(made).not.toBe('');
    await ends(made, 'succeeded');
    expect(said.slice(-2)).toEqual(['charge', 'other']);
  });

  test('of a job that was put back is refused while it waits, and its mark says since when', async () => {
    const { client, engine, deadOne } = await setup();
    const id = await deadOne('ann');
    await client.pause({ queue: 'email' });
    await client.replay(id, { contract: remind });
    await expect(client.replay(id, { contract: remind })).rejects.toMatchObject({ reason: 'open' });
    const job = await (await engine.queue('email')).getJob(id);
    expect(marksOf(job?.progress).replayedAt).toBeGreaterThan(0);
  });
});
