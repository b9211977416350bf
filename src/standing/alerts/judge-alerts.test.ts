import { expect, test } from 'vitest';
import type { Condition } from '../conditions/condition.ts';
import { judgeAlerts, type KnownCondition } from './judge-alerts.ts';

const MINUTE = 60_000;
const NOW = 1_800_000_000_000;
const failing: Condition = {
  kind: 'failing',
  about: 'f1',
  size: 10,
  needsYou: true,
  text: 'invoice: 10 dead letters',
  link: { path: '/dead-letters?cause=f1', label: 'The cause' },
};
const sick: Condition = { ...failing, kind: 'sick', about: 'email/smtp', size: 1, needsYou: false };

/** Looks again and again, and says what people were told at each. */
function told(looks: readonly (readonly [atMs: number, standing: readonly Condition[]])[]): readonly string[] {
  const known = new Map<string, KnownCondition>();
  return looks.flatMap(([atMs, standing]) =>
    judgeAlerts(standing, known, NOW + atMs).flatMap(({ key, known: now, message }) => {
      if (now === undefined) known.delete(key);
      else known.set(key, now);
      return message === undefined ? [] : [`${atMs / MINUTE} ${message.event} ${message.kind} ${message.size}`];
    }),
  );
}

test('people are told once when a condition begins, once when there is ten times as much, and once when it ends', () => {
  const grown = (size: number): readonly Condition[] => [{ ...failing, size }];
  expect(
    told([
      [0, grown(10)],
      [MINUTE, grown(10)],
      [2 * MINUTE, grown(99)],
      [3 * MINUTE, grown(100)],
      [4 * MINUTE, grown(999)],
      [5 * MINUTE, []],
      [5.4 * MINUTE, []],
      [5.5 * MINUTE, []],
      [7 * MINUTE, []],
    ]),
  ).toEqual(['0 started failing 10', '3 grew failing 100', '5.5 ended failing 999']);
});

test('what is below its threshold, has not stood for long enough, or heals by itself is told to nobody, nor that it ended', () => {
  expect(
    told([
      [0, [{ ...failing, size: 9 }, sick, { ...failing, kind: 'stopped', about: 'all', needsYou: false }]],
      [1.9 * MINUTE, [{ ...failing, size: 9 }, sick, { ...failing, kind: 'stopped', about: 'all', needsYou: false }]],
      [2 * MINUTE, []],
      [9 * MINUTE, []],
    ]),
  ).toEqual([]);
});

test('a sick destination is told about when it has been sick for two minutes', () => {
  expect(
    told([
      [0, [sick]],
      [2 * MINUTE, [sick]],
    ]),
  ).toEqual(['2 started sick 1']);
});

test('a condition that flickers has not ended, and counts from when it was seen first', () => {
  expect(
    told([
      [0, [sick]],
      [MINUTE, []],
      [1.2 * MINUTE, [sick]],
      [2 * MINUTE, [sick]],
      [3 * MINUTE, []],
      [3.4 * MINUTE, [sick]],
    ]),
  ).toEqual(['2 started sick 1']);
});

test('the last message says when it was over, and how it stood before', () => {
  const known = new Map([
    ['failing/f1', { ...failing, path: '/x', since: NOW, toldSize: 10, absentSince: NOW + MINUTE }],
  ]);
  const [judgement] = judgeAlerts([], known, NOW + 2 * MINUTE);
  expect(judgement?.message).toMatchObject({ event: 'ended', text: failing.text, since: NOW, endedAt: NOW + MINUTE });
});
