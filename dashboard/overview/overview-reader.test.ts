import { expect, onTestFinished, test } from 'vitest';
import { inMemory } from '../../tests/support/memory-case.ts';
import { defineApp } from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { openJournal } from '../../src/journal/index.ts';
import { isEngineAway } from '../http/engine-away.ts';
import type { Work } from '../../src/standing/index.ts';
import { quietWork } from '../../tests/support/quiet-work.ts';
import { OverviewReader, type OverviewReaderOptions } from './overview-reader.ts';

const LATE = Object.assign(new Error('Query read timeout'), { code: 'ETIMEDOUT' });
const AWAY = 'The queue engine cannot be reached.';

/** A reader, and what the log says. */
async function setup(details: readonly string[], isComplete: boolean, read: OverviewReaderOptions['works']['read']) {
  const { url, namespace } = await inMemory.open();
  const engine = openEngine({ url, namespace, role: 'producer' });
  onTestFinished(() => engine.close(100));
  const logged: unknown[] = [];
  const reader = new OverviewReader({
    app: defineApp({ jobs: [], handlers: [] }),
    engine,
    probe: { ask: async () => ({ ready: details.length === 0, reasons: details, details }) },
    works: { read },
    isComplete: () => isComplete,
    journal: () => openJournal(engine),
    report: error => logged.push(error),
  });
  return { reader, logged };
}

/** What the page says, and what the log says, where the figures cannot be read. */
async function readWhere(details: readonly string[], isComplete = true) {
  const { reader, logged } = await setup(details, isComplete, () => Promise.reject(LATE));
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

test('what keeps the figures from being read is logged once, however many pages look, until they can be read again', async () => {
  const other = new Error('permission denied for table job');
  const answers: (Error | Work)[] = [LATE, LATE, other, other, quietWork(), other, LATE];
  const { reader, logged } = await setup([], true, async () => {
    const answer = answers.shift();
    if (answer === undefined || answer instanceof Error) throw answer;
    return answer;
  });
  for (const range of ['1h', '6h', '1h', '24h', '1h', '6h', '1h'] as const) await reader.readAnew(range);
  expect(logged).toEqual([LATE, other, other, LATE]);
});

test('where the engine is away the page says it, and the log does not say it again with each look', async () => {
  expect(await readWhere([AWAY])).toEqual({ problems: [AWAY], logged: [] });
});

test('queues that were not open yet when it was asked are no fault, also where they are by now', async () => {
  expect(await readWhere([], false)).toEqual({ problems: ['The queues are not open yet.'], logged: [] });
});
