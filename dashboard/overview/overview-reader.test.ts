import { expect, onTestFinished, test } from 'vitest';
import { inMemory } from '../../tests/support/memory-case.ts';
import { defineApp } from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { openJournal } from '../../src/journal/index.ts';
import { isEngineAway } from '../http/engine-away.ts';
import { OverviewReader } from './overview-reader.ts';

const LATE = Object.assign(new Error('Query read timeout'), { code: 'ETIMEDOUT' });
const AWAY = 'The queue engine cannot be reached.';

/** What the page says, and what the log says, where the figures cannot be read. */
async function readWhere(details: readonly string[], isComplete = true) {
  const { url, namespace } = await inMemory.open();
  const engine = openEngine({ url, namespace, role: 'producer' });
  onTestFinished(() => engine.close(100));
  const logged: unknown[] = [];
  const reader = new OverviewReader({
    app: defineApp({ jobs: [], handlers: [] }),
    engine,
    probe: { ask: async () => ({ ready: details.length === 0, reasons: details, details }) },
    works: { read: () => Promise.reject(LATE) },
    isComplete: () => isComplete,
    journal: () => openJournal(engine),
    report: error => logged.push(error),
  });
  const { work, problems } = await reader.read('1h');
  expect(work).toBeUndefined();
  return { problems, logged };
}

test('where a statement alone took too long the log says why, as the page promises', async () => {
  expect(isEngineAway(LATE)).toBe(true);
  expect(await readWhere([])).toEqual({
    problems: ['The queues could not be read; the log of the dashboard says why.'],
    logged: [LATE],
  });
});

test('where the engine is away the page says it, and the log does not say it again with each look', async () => {
  expect(await readWhere([AWAY])).toEqual({ problems: [AWAY], logged: [] });
});

test('queues that were not open yet when it was asked are no fault, also where they are by now', async () => {
  expect(await readWhere([], false)).toEqual({ problems: ['The queues are not open yet.'], logged: [] });
});
