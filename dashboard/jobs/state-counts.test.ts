import { expect, test } from 'vitest';
import type { QueueFigures, Work } from '../../src/standing/index.ts';
import { quietQueue, quietWork } from '../../tests/support/quiet-work.ts';
import { askedIn } from './asked-jobs.ts';
import { stateCounts } from './state-counts.ts';
import { stateLinks } from './state-links.ts';

const queue = (name: string, waiting: number): QueueFigures =>
  quietQueue({ name, waiting, delayed: 2, running: 1, dead: 9 });
const work = quietWork({ queues: [queue('email', 1_200), queue('sms', 34)] });
const countsOf = stateCounts({ read: async () => work });

/** What each state is called on the page, with its count. */
async function shown(asked: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const counts = await countsOf(asked['queue'] ?? '');
  const links = stateLinks({ base: '', asked: askedIn(asked), sensitive: false, counts })?.markup ?? '';
  return [...links.matchAll(/<a[^>]*>(.*?)<\/a>/g)].map(([, text = '']) => text.replaceAll(/<\/?b>/g, ''));
}

const REST = ['succeeded', 'retried', 'cancelled', 'expired'];

test('states that are counted have how many there are, of all queues or of one; what is dead is counted with what expired', async () => {
  expect(await shown({})).toEqual(['all', 'waiting 1,234', 'delayed 4', 'running 2', 'dead', ...REST]);
  expect(await shown({ queue: 'sms' })).toEqual(['all', 'waiting 34', 'delayed 2', 'running 1', 'dead', ...REST]);
});

test('a search that is narrower than a queue, or of one that nobody knows, says of no state how many there are', async () => {
  for (const asked of [{ contract: 'letter' }, { queue: 'none' }])
    expect(await shown(asked)).toEqual(['all', 'waiting', 'delayed', 'running', 'dead', ...REST]);
});

test('a page waits for no count that does not come', async () => {
  const counts = stateCounts({ read: () => new Promise<Work>(() => undefined) }, 1);
  expect(await counts('')).toBeUndefined();
});
