import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { engineCases } from '../../../tests/support/engines.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { FOR_GOOD } from '../../engine/index.ts';
import { DeliveryError } from '../../resilience/index.ts';
import { readFleet } from '../supervisor/fleet/read-fleet.ts';
import { tryDestination } from './try-destination.ts';
import { CallTrial } from './call-trial.contract-suite.ts';
import { endPausesAhead } from './pauses-ahead.ts';

/** That jobs are put off, come back and share what is known on each engine. What is decided is in destinations.test.ts. */
describe.each(engineCases)('destinations on $kind', engineCase => {
  let trial: CallTrial;
  beforeEach(() => {
    trial = new CallTrial(engineCase);
  });
  afterEach(() => trial.close());

  test('credentials that are refused pause the destination at the first failure', async () => {
    await trial.start({ concurrency: 1, destinations: { breaker: { pause: '1h', maxPause: '1h' } } });
    trial.sick = new Map([['a.example', 'destination-down']]);
    const opened = trial.facts.next('breaker.opened');
    const snoozed = trial.facts.next('job.snoozed');
    const [first = ''] = await trial.enqueue('a.example', 1, 2, 3);
    await opened;
    await snoozed;
    await waitFor('all to wait', async () => (await trial.client.job(first))?.state === 'delayed');
    expect((await trial.client.job(first))?.attemptsMade).toBe(0);
    expect(trial.calls).toHaveLength(1);
  });

  test('what it failed with and since when it is paused can be read; a try that somebody asks for is made at once', async () => {
    await trial.start({ concurrency: 1, destinations: { breaker: { pause: '1h', maxPause: '1h', probes: 1 } } });
    trial.sick = new Map([['a.example', 'destination-down']]);
    const opened = trial.facts.next('breaker.opened');
    const ids = await trial.enqueue('a.example', 1, 2, 3);
    await opened;
    const paused = async () => (await readFleet(trial.engine)).paused;
    const [destination] = await waitFor('the pause', async () => {
      const found = await paused();
      return found.length > 0 && found;
    });
    expect(destination).toMatchObject({ key: 'calls/a.example', why: 'a.example is sick' });
    expect(destination?.since).toBeLessThanOrEqual(trial.engine.clock.now());

    // A turn that is on its way while somebody asks sees the pause as it was.
    const held = async (count: number): Promise<void> => {
      const queue = await trial.engine.turns('calls');
      await waitFor(`${count} to be held`, async () => (await queue.held()) === count);
    };
    await held(2);
    // It is still sick: one job finds out, and it is paused for longer. Another finds out next time: the first one waits with them now.
    const again = trial.facts.next('breaker.opened');
    expect(await tryDestination(trial.engine, 'calls/a.example')).toBe(true);
    expect(await again).toMatchObject({ destination: 'a.example', openings: 2 });
    expect((await paused())[0]?.since).toBe(destination?.since);

    await held(2);
    trial.sick = new Map();
    const closed = trial.facts.next('breaker.closed');
    await tryDestination(trial.engine, 'calls/a.example');
    await closed;
    await waitFor('one to succeed', async () => {
      const views = await Promise.all(ids.map(id => trial.client.job(id)));
      return views.some(view => view?.state === 'succeeded');
    });
    expect(await paused()).toEqual([]);
    for (const key of ['calls/a.example', 'calls/b.example', 'calls', '', '/']) {
      expect([key, await tryDestination(trial.engine, key)]).toEqual([key, false]);
    }
  });

  test('where the job that found it sick is the only one, a try lets it run before its time; not where somebody gave it another', async () => {
    await trial.start({ concurrency: 1, destinations: { breaker: { pause: '1h', maxPause: '1h', probes: 1 } } });
    trial.sick = new Map([
      ['a.example', 'destination-down'],
      ['b.example', 'destination-down'],
    ]);
    const [alone = ''] = await trial.enqueue('a.example', 1);
    const [moved = ''] = await trial.enqueue('b.example', 2);
    const stateOf = async (id: string) => (await trial.client.job(id))?.state;
    await waitFor('both to wait for their time', async () =>
      (await Promise.all([alone, moved].map(stateOf))).every(state => state === 'delayed'),
    );
    await trial.client.update(moved, { at: new Date(trial.engine.clock.now() + 86_400_000) });
    trial.sick = new Map();
    expect(await tryDestination(trial.engine, 'calls/b.example')).toBe(true);
    expect(await tryDestination(trial.engine, 'calls/a.example')).toBe(true);
    await waitFor('the one alone to succeed', async () => (await stateOf(alone)) === 'succeeded');
    expect(await trial.client.job(alone)).toMatchObject({ attemptsMade: 1 });
    expect(await stateOf(moved)).toBe('delayed');
  });

  test('a job that its destination made wait runs, and those beyond its slots and its rate do', async () => {
    await trial.start({ concurrency: 10, destinations: { concurrency: 2, rate: { max: 10, per: '100ms' } } });
    let refused = false;
    const most = trial.mostAtOnce(2);
    const { during } = trial;
    trial.during = async () => {
      await during();
      if (refused) return;
      refused = true;
      throw new DeliveryError('transient', 'too many', { destination: 'a.example', busy: true, retryAfterMs: 0 });
    };
    const ids = await trial.enqueue('a.example', 1, 2, 3, 4);
    const views = await waitFor('the jobs to succeed', async () => {
      const all = await Promise.all(ids.map(id => trial.client.job(id)));
      return all.every(view => view?.state === 'succeeded') && all;
    });
    expect(views.map(view => view?.attemptsMade)).toEqual([1, 1, 1, 1]);
    expect(most()).toBe(2);
  });

  test('a pause that was written before the shared clock went back ends; one that may be so long, and one of a person, stay', async () => {
    await trial.start({ concurrency: 10, destinations: { breaker: { failures: 1, pause: '1m', maxPause: '5m' } } });
    const { engine, app } = trial;
    const groups = await engine.turns('calls');
    const year = engine.clock.now() + 365 * 86_400_000;
    const soon = engine.clock.now() + 3_600_000;
    await groups.pauseGroup('destination/sick.example', { by: 'breaker', until: year, probes: true });
    await groups.pauseGroup('destination/busy.example', { by: 'breaker', until: year, probes: false });
    await groups.pauseGroup('destination/soon.example', { by: 'breaker', until: soon, probes: false });
    await groups.pauseGroup('destination/held.example', { by: 'person', until: FOR_GOOD, probes: false });
    const ids = [...(await trial.enqueue('sick.example', 1)), ...(await trial.enqueue('busy.example', 2))];
    // Behind them, so that a worker has met both and set them aside.
    await trial.enqueue('free.example', 3);
    await waitFor('the one that is free', () => trial.calls.length === 1);
    await endPausesAhead(app, engine);
    await waitFor('the others', async () => {
      const all = await Promise.all(ids.map(id => trial.client.job(id)));
      return all.every(view => view?.state === 'succeeded');
    });
    expect((await groups.pauses()).map(({ group }) => group).toSorted()).toEqual([
      'destination/held.example',
      'destination/soon.example',
    ]);
  });
});
