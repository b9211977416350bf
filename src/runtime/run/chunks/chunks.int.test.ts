import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parcel, parcelApp, startParcels } from '../../../../tests/support/apps/dying-chunks.ts';
import { startProcess } from '../../../../tests/support/child-process.ts';
import { engineCases } from '../../../../tests/support/engines.ts';
import { program } from '../../../../tests/support/programs.ts';
import { waitFor } from '../../../../tests/support/wait-for.ts';
import { DeadLetters } from '../../../dead-letters/index.ts';
import { openEngine } from '../../../engine/index.ts';
import { Facts } from '../../../facts/index.ts';
import { clientOn } from '../../../queue/index.ts';

const DYING = program('tests/support/apps/dying-chunks.ts');

describe.each(engineCases)('a chunk on $kind', engineCase => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function setup() {
    const { url, namespace, cleanup } = await engineCase.open();
    cleanups.push(cleanup);
    const folder = await mkdtemp(join(tmpdir(), 'chunks-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const journal = join(folder, 'journal');
    const engine = openEngine({ url, role: 'producer', namespace });
    await engine.migrate();
    const client = clientOn(engine, new Facts());
    cleanups.push(() => client.close());
    const place = { url, namespace, journal };
    const queue = await engine.queue(parcel.queue);
    return {
      client,
      engine,
      queue,
      place,
      ran: async () => (await readFile(journal, 'utf8')).trim().split('\n').toSorted(),
      counts: () => queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'completed', 'failed'),
      async work() {
        const host = startParcels(place, 'never');
        cleanups.push(() => host.stop(2_000));
        await host.start();
        return host;
      },
    };
  }
  /** Two dead items are letters, and nothing else is left. */
  const ended = ({ failed, ...others }: Readonly<Record<string, number>>): boolean =>
    failed === 2 && Object.values(others).every(count => count === 0);
  const IDS = ['again 1', 'done 1', 'dead 1', 'again 2', 'dead 2'];
  /** All items once, those to be retried once more. */
  const ONCE = ['again 1 1', 'again 1 2', 'again 2 1', 'again 2 2', 'dead 1 1', 'dead 2 1', 'done 1 1'];

  test.each([
    ['its worker was killed before it could add what the chunk is divided into', 'kept'],
    ['its worker was killed before it could end the chunk', 'added'],
  ] as const)('is divided once where %s', async (_, dies) => {
    const { client, engine, counts, ran, place, work } = await setup();
    await client.enqueueMany(IDS.map(id => parcel({ id })));
    const dying = startProcess(DYING, { args: [place.url, place.namespace, place.journal, dies] });
    expect(await dying.ended).toBe('SIGKILL');
    await work();
    // Whatever was added runs to its end first, and what has come again is gone by then.
    if (dies === 'added')
      await waitFor('the parts to end', async () => (await counts())['failed'] === 2 && (await ran()).length === 7);
    await engine.handBack(parcel.queue, await engine.claims(parcel.queue));
    await waitFor('the end of all', async () => ended(await counts()));
    expect(await ran()).toEqual(ONCE);
  });

  test('of which items were erased after its worker had divided it and died is divided anew: no other item takes the end of one that is gone', async () => {
    const { client, engine, queue, counts, ran, place, work } = await setup();
    await client.enqueueMany(IDS.map(id => parcel({ id })));
    const dying = startProcess(DYING, { args: [place.url, place.namespace, place.journal, 'kept'] });
    expect(await dying.ended).toBe('SIGKILL');
    await engine.handBack(parcel.queue, await engine.claims(parcel.queue));
    const knowing = clientOn(engine, new Facts(), undefined, undefined, parcelApp(place.journal));
    expect(await knowing.erase({ tag: { parcel: 'again 1' } })).toMatchObject({ left: [], erased: { items: 1 } });
    await work();
    await waitFor('the end of all', async () => ended(await counts()));
    const letters = await queue.getJobs(['failed']);
    expect(letters.map(({ data }) => JSON.stringify(data)).toSorted()).toEqual([
      '{"items":[{"id":"dead 1"}]}',
      '{"items":[{"id":"dead 2"}]}',
    ]);
    const lines = await ran();
    expect(lines.filter(line => line.startsWith('again 1'))).toEqual(['again 1 1']);
    expect(lines).toContain('again 2 2');
  });

  test('gives each dead item alone, to be replayed alone', async () => {
    const { client, engine, queue, counts, ran, place, work } = await setup();
    const [receipt] = await client.enqueueMany(IDS.map(id => parcel({ id })));
    await work();
    await waitFor('the end of all', async () => ended(await counts()));
    expect(await ran()).toEqual(ONCE);
    const letters = await queue.getJobs(['failed']);
    expect(new Map(letters.map(({ data, failedReason }) => [JSON.stringify(data), failedReason]))).toEqual(
      new Map([
        ['{"items":[{"id":"dead 1"}]}', 'JOB_DEAD: no such address'],
        ['{"items":[{"id":"dead 2"}]}', 'JOB_DEAD: no such address'],
      ]),
    );
    expect(letters.map(({ id }) => id)).not.toContain(receipt?.id);
    const ids = letters.flatMap(({ id, data }) => (JSON.stringify(data).includes('dead 1') ? [id ?? ''] : []));
    const app = parcelApp(place.journal);
    const replayed = await new DeadLetters({ engine, app, facts: new Facts() }).replay({ ids }, { by: 'test' });
    expect(replayed.done).toEqual(ids);
    await waitFor('the replay to end', async () => (await ran()).length > ONCE.length && ended(await counts()));
    expect(await ran()).toEqual([...ONCE, 'dead 1 1'].toSorted());
  });
});
