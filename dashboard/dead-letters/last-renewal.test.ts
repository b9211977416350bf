import { expect, onTestFinished, test, vi } from 'vitest';
import { openTestDashboard, sampleApp } from '../../tests/support/dashboard.ts';
import { memoryCase } from '../../tests/support/memory-case.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { BulkTasks } from '../../src/bulk/index.ts';
import { DeadLetters } from '../../src/dead-letters/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { clientOn } from '../../src/queue/index.ts';
import { RENEWS_HEADER } from '../live/shared-looks.ts';

test('the last page of what went on in the background shows the causes that it left, and not those that were read before', async () => {
  const fixture = await memoryCase().open();
  const dashboard = await openTestDashboard({ fixture, users: false });
  onTestFinished(() => dashboard.close());
  const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
  onTestFinished(() => engine.close(100));
  const tasks = new BulkTasks({
    engine,
    app: sampleApp,
    letters: new DeadLetters({ engine, app: sampleApp }),
    client: clientOn(engine, new Facts()),
    onError: error => expect.fail(String(error)),
  });
  const groups = vi.spyOn(DeadLetters.prototype, 'groups');
  onTestFinished(() => groups.mockRestore());
  /** What is asked of one cause alone is asked by others. */
  const looks = (): number => groups.mock.calls.filter(([asked]) => asked?.fingerprint === undefined).length;
  const page = async (headers: Readonly<Record<string, string>> = {}): Promise<string> =>
    (await dashboard.send('/dead-letters', { headers: { accept: 'text/html', ...headers } })).text();

  await page();
  const before = looks();
  const filter = { cause: 'none', everyKind: true };
  await tasks.begin({ what: 'replay', filter, by: 'ann', reason: undefined, perSecond: 50, total: 0 });
  await tasks.look();
  await waitFor('its end', async () => (await tasks.list()).every(({ state }) => state === 'done'));
  expect(await page({ [RENEWS_HEADER]: 'yes' })).not.toMatch(/data-refresh="\d/);
  expect(looks()).toBe(before + 1);
});
