import { describe, expect, test } from 'vitest';
import { quietQueue, quietWork } from '../../tests/support/quiet-work.ts';
import { age } from '../../src/time/index.ts';
import type { QueueFigures, Work } from '../../src/standing/index.ts';
import { overviewPage, type OverviewPart } from './overview-page.ts';

const PLAIN: Omit<OverviewPart, 'role' | 'work'> & { readonly viewer: Parameters<typeof overviewPage>[0]['viewer'] } = {
  base: '',
  viewer: { name: 'ann', role: 'viewer', formToken: 'token' },
  engine: 'Redis',
  contracts: new Map(),
  hasProjections: false,
  testsAlerts: false,
  flows: undefined,
  series: undefined,
  range: '1h',
  problems: [],
};

function pageOf(figures: Partial<QueueFigures>, pauses: Work['pauses'] = []): string {
  const work = quietWork({ queues: [quietQueue(figures)], pauses, workers: figures.workers });
  return overviewPage({ ...PLAIN, work });
}

describe('the overview page', () => {
  test.each([
    [0, 'under 1 s'],
    [1_999, '1 s'],
    [60_000, '1 min 0 s'],
    [3_600_000 + 120_000, '1 h 2 min'],
    [47 * 3_600_000, '47 h 0 min'],
    [49 * 3_600_000, '2 days 1 h'],
  ])('%d ms reads as %s', (ms, text) => {
    expect(age(ms)).toBe(text);
  });

  test('a queue that is well is said to be', () => {
    expect(pageOf({})).toContain('All is well');
  });

  test('what needs a person is said first, with the way to act', () => {
    const page = pageOf({ workers: 0, waiting: 1 });
    expect(page).toContain('One thing needs you');
    expect(page).toMatch(/No worker[^]*href="\/workers">Workers</);
  });

  test('where a great deal is wrong the first lines stand open, what needs a person before the rest, and all others are folded up', () => {
    const late = Array.from({ length: 50 }, (_, n) =>
      quietQueue({ name: `q${n}`, waiting: 1, oldestDueMs: n === 49 ? 3_600_000 : 120_000 }),
    );
    const page = overviewPage({ ...PLAIN, work: quietWork({ queues: late }) });
    const [open = '', folded = ''] = page.split('<summary>42 more</summary>');
    expect(open.match(/is late/g)).toHaveLength(8);
    expect(open).toContain('q49 is late');
    expect(folded.match(/is late/g)).toHaveLength(42);
  });

  test('what is paused is said with who did it and why, as text', () => {
    const common = { kind: 'person', by: 'ann', since: 0, until: undefined } as const;
    const shown = pageOf({}, [
      { ...common, of: { queue: 'email', contract: 'letter' }, reason: '<b>wrong</b>' },
      { ...common, of: { queue: 'email' }, by: undefined, reason: undefined },
    ]);
    expect(shown).toContain('contract letter of email, by ann: &lt;b&gt;wrong');
    expect(shown).toContain('the queue email, by another program');
    expect(pageOf({})).not.toContain('class="pauses"');
  });

  test('dead jobs lead to the list of failed ones', () => {
    expect(pageOf({ dead: 3 })).toMatch(/class="warn" href="\/queues\/queue\/email\?status=failed">\s*3\s*</);
  });

  test('the number of dead jobs, which counts expired and cancelled ones, says so and leads to all of them', () => {
    const page = pageOf({ dead: 3 });
    expect(page).toMatch(/href="\/dead-letters\?all=yes">\s*3\s*</);
    expect(page).toContain('expired or were cancelled');
    expect(page).not.toContain('class="bad"');
    expect(pageOf({ dead: 0 })).not.toContain('dead-letters?all');
  });

  test('a name is escaped, in text and in the link', () => {
    const page = pageOf({ name: '"><img src=x onerror=alert(1)>' });
    expect(page).not.toContain('<img src=x');
    expect(page).toContain('/queues/queue/%22%3E%3Cimg');
  });

  test('workers that the engine does not tell are unknown, not none', () => {
    expect(pageOf({ workers: undefined })).toContain('unknown');
  });

  test('what stands in the way is said first, also without figures', () => {
    const page = overviewPage({
      ...PLAIN,
      base: '/ops',
      viewer: { name: 'ann', role: 'viewer', formToken: undefined },
      work: undefined,
      problems: ['The queue engine cannot be reached.'],
    });
    expect(page).toContain('role="alert">The queue engine cannot be reached.</p>');
    expect(page).not.toContain('Sign out');
  });
});
