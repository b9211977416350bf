import { describe, expect, test } from 'vitest';
import { quietQueue, quietWork } from '../../../tests/support/quiet-work.ts';
import type { Condition } from './condition.ts';
import { conditionsOf } from './conditions.ts';
import type { Work } from '../work/work.ts';

const NOW = Date.UTC(2026, 0, 2);
const MINUTE = 60_000;

const email = quietQueue({ workers: 2 });
const cause = {
  kind: 'job',
  what: 'Job',
  fingerprint: 'f/1',
  name: 'invoice',
  queue: 'email',
  reason: 'TypeError: no total\n  at sum',
  count: 500,
  firstEndedAt: NOW - 8 * MINUTE,
  lastEndedAt: NOW - MINUTE,
};

test('a quiet host, or one with a quiet process, is something to know', () => {
  const worker = { name: 'h/1', pid: 8, startedAt: NOW, quiet: true, answers: true };
  const texts = (given: object): readonly string[] =>
    standingOf({ hosts: [{ ...host, ...given }] }).map(({ text }) => text);
  expect(texts({ quietBy: 'ada' })).toEqual([
    'The host web-1 (7) is quiet by ada: no new jobs are taken there until somebody resumes it.',
  ]);
  const idle = { ...email, workers: 0, waiting: 2 };
  expect(standingOf({ hosts: [{ ...host, quietBy: 'ada' }], queues: [idle] })[0]?.text).toBe(
    'Every worker of email is quiet. 2 jobs are due.',
  );
  expect(texts({ workers: [worker, { ...worker, quiet: false }] })).toEqual([
    '1 process of the host web-1 (7) is quiet: no new jobs are taken there until somebody resumes it.',
  ]);
});

const host = { name: 'h', host: 'web-1', pid: 7, startedAt: NOW - 60 * MINUTE, processes: 2, queues: ['email'] };

function standingOf(work: Partial<Work>): readonly Condition[] {
  return conditionsOf(quietWork({ queues: [email], workers: 2, now: NOW, ...work }));
}

test('a cause that struck first since the last deploy is new; one that is older, or where nobody says a release, is not', () => {
  const kinds = (hosts: Work['hosts'], firstEndedAt = cause.firstEndedAt): readonly string[] =>
    standingOf({ hosts, causes: [{ ...cause, firstEndedAt }] }).map(({ kind }) => kind);
  const before = { ...host, release: 'r1' };
  const after = { ...host, name: 'h2', release: 'r2', startedAt: NOW - 9 * MINUTE };
  const later = { ...after, name: 'h3', startedAt: NOW - MINUTE };
  expect(kinds([before, after, later])).toEqual(['new']);
  expect(kinds([before, after], NOW - 10 * MINUTE)).toEqual(['failing']);
  expect(kinds([host, { ...host, startedAt: NOW - 9 * MINUTE }])).toEqual(['failing']);
  expect(kinds([{ ...after, startedAt: NOW - 25 * 60 * MINUTE }])).toEqual(['failing']);
  expect(standingOf({ hosts: [before, after], causes: [cause] })[0]?.text).toContain(
    'invoice: 500 dead letters of one cause, new since release r2 (9 min 0 s ago), last 1 min 0 s ago: TypeError',
  );
});

test('schedules made at run time that cannot be read need a person, by their names, some of them where there are many', () => {
  const texts = (unreadable: readonly string[]) => standingOf({ unreadable }).map(({ text }) => text);
  expect(texts([])).toEqual([]);
  expect(texts(['digest:1'])).toEqual([
    '1 schedule made at run time cannot be read and makes no job: digest:1. Make it anew, or remove it: shiftwork schedules remove NAME.',
  ]);
  const names = Array.from({ length: 100 }, (_, nth) => `d${nth}`);
  expect(texts(names)).toEqual([
    '100 schedules or more made at run time cannot be read and make no jobs: d0, d1, d2, d3, d4 and others. Make them anew, or remove them: shiftwork schedules remove NAME.',
  ]);
  expect(standingOf({ unreadable: names })).toMatchObject([{ kind: 'missed', needsYou: true, size: 100 }]);
});

const MB = 1024 ** 2;
const none = { waiting: 0, running: 0, delayed: 0, succeeded: 0, dead: 0, events: 0 };
const redisSpace = {
  usedBytes: 300 * MB,
  limit: { bytes: 512 * MB, of: 'maxmemory' },
  queues: [
    { name: 'email', bytes: { ...none, dead: 220 * MB } },
    { name: 'bulk', bytes: { ...none, waiting: 200 * MB } },
  ],
  growth: undefined,
} as const;

test('memory that does not grow, grows little, or is nowhere near its end is no condition', () => {
  const growth = { overMs: 120_000, most: undefined };
  for (const space of [
    redisSpace,
    { ...redisSpace, growth: { ...growth, bytes: 10 * MB } },
    { ...redisSpace, usedBytes: 40 * MB, growth: { ...growth, bytes: 20 * MB } },
    { ...redisSpace, limit: undefined, usedBytes: 900 * MB, growth: { ...growth, bytes: 400 * MB } },
  ])
    expect(standingOf({ space })).toEqual([]);
});

test('work that goes on as it should is no condition', () => {
  expect(standingOf({ queues: [{ ...email, waiting: 900, running: 10, oldestDueMs: 59_000 }] })).toEqual([]);
});

describe('a condition that needs a person', () => {
  test.each<[string, Partial<Work>, Partial<Condition>]>([
    [
      'no worker at all while work is due',
      { workers: 0, queues: [{ ...email, workers: 0, waiting: 1_200 }] },
      { kind: 'stopped', text: 'No worker is alive. 1,200 jobs are due.' },
    ],
    [
      'a queue that none of the workers serves',
      { queues: [email, { ...email, name: 'sms', workers: 0, waiting: 1 }] },
      { kind: 'stopped', text: 'No worker serves sms. 1 job is due.' },
    ],
    [
      'work that has been due for ten minutes',
      { queues: [{ ...email, waiting: 3, oldestDueMs: 10 * MINUTE }] },
      { kind: 'late', text: expect.stringContaining('due for 10 min 0 s, 3 jobs wait') as string },
    ],
    [
      'a cause that has struck in the last quarter of an hour',
      { causes: [cause] },
      {
        kind: 'failing',
        text: 'invoice: 500 dead letters of one cause, first 8 min 0 s ago, last 1 min 0 s ago: TypeError: no total',
        link: { path: '/dead-letters?cause=f%2F1', label: 'The cause' },
      },
    ],
    [
      'a host that was lost and that no other has come for',
      { hosts: [host], gone: [{ ...host, how: 'lost', goneAt: NOW - MINUTE }] },
      {
        kind: 'lost',
        text: 'The host web-1 (7) was lost 1 min 0 s ago, with 2 processes. What it ran goes back to its queues by itself. None has come in its place.',
      },
    ],
    [
      'a slot that nobody has dealt with',
      { overdue: [{ schedule: 'nightly', slotAt: NOW - MINUTE }] },
      {
        kind: 'missed',
        text: expect.stringContaining('nightly did not run: its slot was due 1 min 0 s ago') as string,
      },
    ],
    [
      'a Redis that is full in minutes',
      {
        space: {
          ...redisSpace,
          growth: { overMs: 60_000, bytes: 60 * MB, most: { queue: 'bulk', kind: 'waiting', bytes: 59 * MB } },
        },
      },
      {
        kind: 'filling',
        text: 'Redis takes 300 MB of the 512 MB that it may take (59 %) and grows by 1 MB a second: full in 3 min 32 s. What grows most: the waiting jobs of bulk, 200 MB now. When it is full nothing can be enqueued, no job can end, and none can be cancelled.',
        link: { path: '/jobs?queue=bulk&state=waiting', label: 'Its jobs' },
      },
    ],
    [
      'a Redis that is nearly full, though it grows no more',
      { space: { ...redisSpace, usedBytes: 450 * MB } },
      {
        kind: 'filling',
        text: expect.stringContaining('(88 %). What takes most: the dead letters of email, 220 MB now.') as string,
        link: { path: '/dead-letters?all=yes', label: 'Dead letters' },
      },
    ],
    [
      'a Redis that is full',
      { space: { ...redisSpace, usedBytes: 511 * MB } },
      {
        kind: 'filling',
        text: expect.stringMatching(/ It is full: nothing .* none can be cancelled until it may take more/) as string,
      },
    ],
    [
      'a database of which nobody knows how much it may take, and that doubles within the hour',
      {
        space: {
          ...redisSpace,
          usedBytes: 3_072 * MB,
          limit: undefined,
          growth: { overMs: 60_000, bytes: 120 * MB, most: undefined },
        },
      },
      {
        kind: 'filling',
        text: expect.stringContaining(
          'The database takes 3 GB and grows by 2 MB a second: twice as much in 25 min 36 s.',
        ) as string,
      },
    ],
    [
      'a clock that is wrong',
      { hosts: [{ ...host, clockMs: -5_000 }] },
      {
        kind: 'clock',
        text: "The clock of the host web-1 (7) is 5 s behind the engine's. Work goes on by the engine's.",
      },
    ],
    [
      'jobs that a release has left behind',
      { unnamed: [{ ...email, name: 'old', delayed: 2 }] },
      { kind: 'left behind', text: 'No contract names the queue old: nobody runs its 2 jobs.' },
    ],
  ])('%s', (_, work, expected) => {
    expect(standingOf(work)).toMatchObject([{ needsYou: true, ...expected }]);
  });
});

describe('a condition that heals by itself, or was asked for', () => {
  test.each<[string, Partial<Work>, Partial<Condition>]>([
    [
      'no worker while nothing is due',
      { workers: 0, queues: [{ ...email, workers: 0 }] },
      { kind: 'stopped', text: 'No worker is alive. Nothing is due yet.' },
    ],
    [
      'work that has been due for a minute',
      { queues: [{ ...email, waiting: 1, oldestDueMs: MINUTE }] },
      { kind: 'late', text: expect.stringContaining('1 job waits') as string },
    ],
    [
      'a sick destination, and when it is tried next',
      {
        queues: [{ ...email, waiting: 912, held: 912, oldestHeldMs: 180_000 }],
        paused: [
          {
            key: 'email/smtp',
            phase: 'open',
            until: NOW + 12_000,
            openings: 3,
            since: NOW - 160_000,
            why: 'The mail server refused it (451).',
          },
        ],
      },
      {
        kind: 'sick',
        tries: 'email/smtp',
        text: 'email waits for smtp, sick for 2 min 40 s, after 2 failed tries: The mail server refused it (451). 912 jobs of the queue are held, the oldest for 3 min 0 s. No attempt is spent. Next try in 12 s.',
      },
    ],
    [
      'a destination that is being tried',
      { paused: [{ key: 'email/smtp', phase: 'probing', until: NOW - 1, openings: 1 }] },
      { kind: 'sick', text: expect.stringContaining('finds out now') as string },
    ],
    [
      'a host that was lost, when another has come since',
      { hosts: [{ ...host, startedAt: NOW - MINUTE }], gone: [{ ...host, how: 'lost', goneAt: NOW - 2 * MINUTE }] },
      { kind: 'lost', text: expect.stringContaining('Another one has come since.') as string },
    ],
    [
      'a contract whose key the workers lack',
      {
        queues: [{ ...email, held: 2 }],
        pauses: [
          {
            of: { queue: 'email', contract: 'reset' },
            kind: 'key',
            keyId: 'k2',
            by: 'shiftwork',
            reason: 'w1 lacks the key "k2" in PAYLOAD_KEYS; workers look again every half minute',
            since: NOW,
            until: NOW,
          },
        ],
      },
      {
        kind: 'stopped',
        needsYou: true,
        text: 'reset is paused: workers lack the key "k2" of PAYLOAD_KEYS, with which its data is encrypted. 2 jobs of the queue are held. No attempt is spent. w1 lacks the key "k2" in PAYLOAD_KEYS; workers look again every half minute.',
      },
    ],
    [
      'a queue that somebody paused, however late it is',
      { queues: [{ ...email, paused: true, waiting: 4, oldestDueMs: 60 * MINUTE }] },
      { kind: 'paused', text: 'email is paused. 4 jobs wait until somebody resumes it.' },
    ],
  ])('%s', (_, work, expected) => {
    expect(standingOf(work)).toMatchObject([{ needsYou: false, ...expected }]);
  });
});

test('a host that has said goodbye, or was lost an hour ago, is history', () => {
  expect(
    standingOf({
      gone: [
        { ...host, how: 'left', goneAt: NOW },
        { ...host, how: 'lost', goneAt: NOW - 60 * MINUTE },
      ],
    }),
  ).toEqual([]);
});

test('a cause that has not struck for a quarter of an hour is history', () => {
  expect(standingOf({ causes: [{ ...cause, lastEndedAt: NOW - 16 * MINUTE }] })).toEqual([]);
});

test('of many causes the three that strike most are told', () => {
  const causes = [1, 5, 2, 4, 3].map(count => ({ ...cause, count, name: `job-${count}` }));
  expect(standingOf({ causes }).map(({ text }) => text.split(':')[0])).toEqual(['job-5', 'job-4', 'job-3']);
});

test('what needs a person stands before what heals by itself', () => {
  const paused = [{ key: 'email/smtp', phase: 'open' as const, until: NOW, openings: 1 }];
  expect(standingOf({ paused, causes: [cause] }).map(({ kind }) => kind)).toEqual(['failing', 'sick']);
});
