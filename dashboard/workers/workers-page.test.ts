import { expect, test } from 'vitest';
import type { Fleet } from '../../src/runtime/index.ts';
import { workersPage } from './workers-page.ts';

const NOW = 1_000_000_000;
const host = { name: 'a-1', host: 'a', pid: 1, startedAt: NOW - 60_000, processes: 2, queues: ['email'] };
const viewer = { name: 'ann', role: 'viewer', formToken: undefined };
const pageOf = (fleet: Partial<Fleet>): string =>
  workersPage({ base: '', viewer, fleet: { hosts: [], gone: [], paused: [], ...fleet }, now: NOW });

test('a host says how long it is up, what it serves and how far its clock is off', () => {
  const page = pageOf({ hosts: [{ ...host, clockMs: -2_400 }] });
  for (const text of ['supervisor 1', '1 min 0 s', 'email', '2.4 s behind']) expect(page).toContain(text);
  expect(pageOf({ hosts: [{ ...host, clockMs: 3 }] })).toContain('the engine&#39;s');
  expect(page).not.toContain('Gone in the last day');
});

test('hosts that are gone stay, and one that was lost is told from one that has left', () => {
  const page = pageOf({
    gone: [
      { ...host, how: 'lost', goneAt: NOW - 5_000 },
      { ...host, host: '<b>', how: 'left', goneAt: NOW - 3_600_000 },
    ],
  });
  for (const text of ['Gone in the last day', 'lost', 'handed back', '5 s ago', 'goodbye', '&lt;b&gt;']) {
    expect(page).toContain(text);
  }
});

test('without a host the page says what would be here, and how to get it', () => {
  expect(pageOf({})).toContain('shiftwork work');
});
