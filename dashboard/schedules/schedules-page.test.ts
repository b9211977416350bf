import { expect, test } from 'vitest';
import type { RunTimeSchedule, SchedulePage } from '../../src/queue/index.ts';
import type { ScheduleView } from '../../src/runtime/index.ts';
import { inWords } from './in-words.ts';
import { schedulesPage } from './schedules-page.ts';

const NOW = Date.UTC(2026, 10, 29, 12);
const nightly: ScheduleView = {
  name: 'nightly-report',
  job: 'report',
  queue: 'reports',
  when: { kind: 'cron', cron: '30 2 * * *', timeZone: 'Europe/Berlin' },
  missed: 'once',
  overlap: 'allow',
  paused: undefined,
  nextAt: NOW + 3_600_000,
  overdue: false,
  runs: [
    {
      at: NOW - 1_000,
      what: 'queued',
      count: 1,
      job: { id: 'reports-1', state: 'dead', startedAt: NOW - 900, finishedAt: NOW - 600 },
    },
    { at: NOW - 86_400_000, what: 'missed', count: 2, job: undefined },
  ],
};
const viewer = (role: 'viewer' | 'operator') => ({ name: 'ann', role, formToken: undefined });
const none = { schedules: [], unreadable: [], next: undefined };
const pageOf = (
  schedules: readonly ScheduleView[],
  role: 'viewer' | 'operator' = 'operator',
  made: SchedulePage = none,
): string =>
  schedulesPage({ base: '', viewer: viewer(role), schedules, made, at: { prefix: '', isFirst: true }, now: NOW });

test('a schedule stands there in words and as a cron, with its next slot and what became of the last ones', () => {
  const page = pageOf([nightly]);
  for (const text of [
    'At 02:30',
    '30 2 * * *',
    'Europe/Berlin',
    'in 1 h 0 min',
    'dead after 300 ms',
    '2 slots missed',
  ]) {
    expect(page).toContain(text);
  }
});

test('viewers are offered nothing, operators what fits its state', () => {
  expect(pageOf([nightly], 'viewer')).not.toContain('data-act=');
  expect(pageOf([nightly])).toContain('data-act="/schedules/pause"');
  const paused = pageOf([{ ...nightly, paused: { by: 'ann', at: NOW, reason: '<b>why</b>' } }]);
  expect(paused).toContain('data-act="/schedules/resume"');
  expect(paused).not.toContain('data-act="/schedules/pause"');
  expect(paused).toContain('&lt;b&gt;why&lt;/b&gt;');
});

test('an app without schedules is told what would stand here, and an overdue slot that nobody deals with it', () => {
  expect(pageOf([])).toContain('work that comes again');
  expect(pageOf([{ ...nightly, overdue: true }])).toContain('no worker deals with schedules');
});

test('those made at run time stand below, with who made them, a filter and the next page', () => {
  const digest: RunTimeSchedule = {
    name: 'digest:<ada>',
    job: 'digest',
    when: { kind: 'every', everyMs: 3_600_000 },
    missed: 'once',
    overlap: 'allow',
    made: { by: '<i>shop</i>', at: NOW - 1_000 },
    changed: { by: 'ops', at: NOW },
    paused: undefined,
    nextAt: NOW + 60_000,
    overdue: false,
    hitch: undefined,
    runs: [{ at: NOW - 5, what: 'queued', count: 1, jobId: 'digests-1' }],
  };
  const lost: RunTimeSchedule = { ...digest, name: 'lost', hitch: { why: 'no-contract', since: NOW } };
  const made = { schedules: [digest, lost], unreadable: ['<b>'], next: 'lost' };
  const page = pageOf([], 'operator', made);
  for (const text of [
    'digest:&lt;ada&gt;',
    '&lt;i&gt;shop&lt;/i&gt;',
    'no contract',
    'after=lost',
    'name="prefix"',
    '1 cannot be read',
    '&lt;b&gt;',
  ])
    expect(page).toContain(text);
  expect(page).not.toContain('The app names none');
  expect(pageOf([], 'viewer', made)).not.toContain('data-act=');
  expect(page).toContain('data-act="/schedules/pause"');
});

test.each([
  [{ kind: 'every', everyMs: 300_000 }, 'Every 5 min'],
  [{ kind: 'every', everyMs: 45_000 }, 'Every 45 s'],
  [{ kind: 'cron', cron: '0 6 * * FRI#2', timeZone: 'UTC' }, 'At 06:00, on the second Friday of the month'],
  [{ kind: 'cron', cron: ' */15 * * * * ', timeZone: 'UTC' }, 'Every 15 minutes'],
] as const)('%j in words', (when, words) => {
  expect(inWords(when)).toBe(words);
});
