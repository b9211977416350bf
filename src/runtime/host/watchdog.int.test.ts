import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { watchForWedge, type WatchdogOptions } from './watchdog.ts';

const task = defineJob({ queue: 'tasks', name: 'task', schema: z.object({}) });

/** What it makes of other queues and workers is in watchdog.test.ts. */
describe.each(engineCases)('the watchdog on $kind', engineCase => {
  let app: RunningApp;
  let stop: () => void = () => undefined;
  afterEach(async () => {
    stop();
    await app.stop();
  });

  function watch({
    fetches = app.host.fetches,
    queues = ['tasks'],
  }: Partial<Pick<WatchdogOptions, 'fetches' | 'queues'>> = {}): { readonly said: string[] } {
    const said: string[] = [];
    stop = watchForWedge({
      engine: app.engine,
      queues,
      running: app.host.running,
      fetches,
      onWedged: queue => said.push(`wedged ${queue}`),
      onHopeless: queue => said.push(`hopeless ${queue}`),
      everyMs: 50,
      quietMs: 300,
    });
    return { said };
  }

  test('due work that nobody begins is told, and told again when new connections did not help', async () => {
    // A host that has stopped fetching and does not know it: it serves another queue than it should.
    app = await runApp(engineCase, defineApp({ jobs: [], handlers: [] }));
    const { said } = watch();
    await app.client.enqueue(task, {});
    await waitFor('both words', () => said.includes('hopeless tasks'));
    expect(said[0]).toBe('wedged tasks');
  });

  test('after renew() work goes on', async () => {
    app = await runApp(engineCase, defineApp({ jobs: [task], handlers: [handle(task, () => undefined)] }));
    app.engine.renew();
    const done = app.facts.next('job.succeeded');
    await app.client.enqueue(task, {});
    await done;
    expect(app.host.stopping).toBe(false);
  });
});
