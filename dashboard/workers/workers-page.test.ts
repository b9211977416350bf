import { expect, test } from 'vitest';
import type { Fleet } from '../../src/runtime/index.ts';
import { workersPage, type WorkersPageOptions } from './workers-page.ts';

const NOW = 1_000_000_000;
const host = { name: 'a-1', host: 'a', pid: 1, startedAt: NOW - 60_000, processes: 2, queues: ['email'] };
const viewer = { name: 'ann', role: 'viewer', formToken: undefined } as const;
const pageOf = (fleet: Partial<Fleet>, options: Partial<WorkersPageOptions> = {}): string =>
  workersPage({ base: '', viewer, ...options, fleet: { hosts: [], gone: [], paused: [], ...fleet }, now: NOW });

test('a host says how long it is up, what it serves and how far its clock is off', () => {
  const page = pageOf({ hosts: [{ ...host, clockMs: -2_400 }] });
  for (const text of ['supervisor 1', '1 min 0 s', 'email', '2.4 s behind']) expect(page).toContain(text);
  expect(pageOf({ hosts: [{ ...host, clockMs: 3 }] })).toContain('the engine&#39;s');
  expect(page).not.toContain('Gone in the last day');
});

const worker = { name: 'a-1/1', pid: 7, startedAt: NOW - 60_000, running: 3, slots: 20, memoryMb: 140, lagMs: 12 };

test('a host stands there with its release, and each process with its load; operators quiet, resume and stop both', () => {
  const workers = [
    { ...worker, quiet: false, answers: true },
    { ...worker, name: 'a-1/2', pid: 8, memoryMb: 1_100, lagMs: 900, quiet: true, answers: false },
  ];
  const hosts = [{ ...host, release: '4f2c', workers }];
  const page = pageOf({ hosts });
  for (const text of ['4f2c', 'process', '3 of 20', '6 of 40', '1,240 MB', '12 ms', 'does not answer'])
    expect(page).toContain(text);
  expect(page).not.toContain('data-act');
  const acting = pageOf({ hosts }, { viewer: { ...viewer, role: 'operator' } });
  expect(
    acting
      .match(/data-act="\/workers\/[a-z]+"/g)
      ?.map(found => found.slice(19, -1))
      .join(' '),
  ).toBe('quiet stop quiet stop resume stop');
  const quiet = pageOf({ hosts: [{ ...host, workers, quietBy: '<b>' }] }, { viewer: { ...viewer, role: 'operator' } });
  expect(quiet).toContain('quiet by &lt;b&gt;');
  expect(quiet.match(/data-act=/g)).toHaveLength(2);
});

test('a host of an older release is not offered orders', () => {
  const page = pageOf({ hosts: [host] }, { viewer: { ...viewer, role: 'admin' } });
  expect(page).toContain('takes no orders');
  expect(page).not.toContain('data-act=');
});

test('what runs longest leads to its page', () => {
  const job = { id: 'email-a/b', name: 'letter', queue: 'email', attempt: 2, startedAt: NOW - 61_000, worker: 'a-1/1' };
  const page = pageOf({ hosts: [host] }, { running: [{ ...job, cancelled: false }] });
  for (const text of ['href="/jobs/email-a%2Fb"', '1 min 1 s', 'a-1/1']) expect(page).toContain(text);
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
