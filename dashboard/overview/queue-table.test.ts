import { describe, expect, test } from 'vitest';
import { quietQueue, quietWork } from '../../tests/support/quiet-work.ts';
import type { Flow, QueueFlow, Work } from '../../src/standing/index.ts';
import { percent, rate } from './figures.ts';
import { queueTable } from './queue-table.ts';
import { strip } from './strip.ts';

const FLOW: Flow = { inPerSecond: 4, outPerSecond: 2.44, failing: 0.021, waitedP95Ms: 180_000, ranP95Ms: 340 };
const lastHour = Array.from({ length: 60 }, (_, minute) => ({
  ended: minute === 59 ? 12 : 0,
  failed: minute === 59 ? 3 : 0,
}));
const QUEUE: QueueFlow = {
  ...FLOW,
  utilisation: 0.97,
  drainSeconds: undefined,
  lastHour,
  contracts: new Map([['letter', FLOW]]),
};
const work = quietWork({ queues: [quietQueue({ held: 912, waiting: 924, oldestHeldMs: 61_000 })], now: 1_000_000 });
const flows = { all: { ...FLOW, drainSeconds: 840 }, queues: new Map([['email', QUEUE]]) };
const tableOf = (of: Partial<Work> = {}, known = true): string =>
  queueTable({ base: '/ops', work: { ...work, ...of }, flows: known ? flows : undefined, contracts: new Map() })
    .markup.replace(/\s+/g, ' ')
    .replace(/ ?([<>]) ?/g, '$1');

describe('a row of the overview', () => {
  test('says rates, what fails, how long it takes and when it is done, each with its unit, and leads to what is behind', () => {
    const page = tableOf();
    for (const cell of ['4.0/s', '2.4/s', '2.1 %', '3 min 0 s', '340 ms', '97 %', 'never'])
      expect(page).toContain(cell);
    expect(page).toMatch(/href="\/ops\/jobs\?queue=email&amp;state=dead"> ?2\.1 %/);
    expect(page).toMatch(/href="\/ops\/history\?queue=email"> ?4\.0\/s/);
    expect(page).toContain('12 ended in the last hour, 3 attempts failed');
    expect(page).toMatch(/912<\/a><small>1 min 1 s/);
  });

  test('says what each column counts, also to whoever has no mouse', () => {
    const page = tableOf();
    expect(page).toContain('<abbr title="Jobs that came a second, in the last three minutes">In</abbr>');
    expect(page).toMatch(/<dt>In<\/dt> ?<dd>Jobs that came a second/);
  });

  test('has its contracts folded under it, with when each last had a death and why', () => {
    const cause = {
      kind: 'job',
      what: 'Job',
      fingerprint: 'f1',
      name: 'letter',
      queue: 'email',
      reason: 'no',
      count: 3,
    };
    const causes = [{ ...cause, firstEndedAt: 1, lastEndedAt: 940_000 }];
    const page = tableOf({ causes });
    expect(page).toContain('<summary>1 contract of email</summary>');
    expect(page).toMatch(/href="\/ops\/dead-letters\?cause=f1"> ?1 min 0 s ago/);
  });

  test('says that rates are unknown where the journal cannot be read, and never that they are nothing', () => {
    const page = tableOf({}, false);
    expect(page.match(/class="soft">\?</g)).toHaveLength(8);
    expect(page).not.toContain('contract of');
    expect(strip('', work, undefined).markup.match(/\?\s*<\/dd>/g)).toHaveLength(4);
  });
});

test('the strip says how many processes answer of those that hosts have, and how all queues stand together', () => {
  const worker = { name: 'h/1', pid: 1, startedAt: 1, running: 0, slots: 1, memoryMb: 1, lagMs: 1, quiet: false };
  const host = { name: 'h', host: 'h', pid: 1, startedAt: 1, processes: 2, queues: ['email'] };
  const workers = [
    { ...worker, answers: true },
    { ...worker, answers: false },
  ];
  const shown = strip('', { ...work, hosts: [{ ...host, workers }] }, flows)
    .markup.replace(/\s+/g, ' ')
    .replace(/ ?([<>]) ?/g, '$1');
  expect(shown).toContain('<dd class="bad">1 of 2<small>answer</small></dd>');
  expect(shown).toMatch(/Drains in<\/dt><dd class="">14 min 0 s/);
  expect(shown).toContain('912 held');
});

test.each([
  [rate(0), '0/s'],
  [rate(0.001), '<0.01/s'],
  [rate(0.05), '0.05/s'],
  [rate(2.44), '2.4/s'],
  [rate(1_234.4), '1,234/s'],
  [rate(250_000), '250k/s'],
  [percent(0), '0 %'],
  [percent(0.0001), '<0.1 %'],
  [percent(0.021), '2.1 %'],
  [percent(0.4567), '46 %'],
])('%s', (text, expected) => {
  expect(text).toBe(expected);
});
