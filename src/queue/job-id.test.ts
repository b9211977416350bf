import { describe, expect, test } from 'vitest';
import { createIdSource } from '../time/index.ts';
import { deduplicationIdOf, digestOf, jobIdOf, parseJobId } from './job-id.ts';

describe('job ids', () => {
  test.each(['email', 'a', 'user-imports-2'])('an id alone says that its queue is %s', queue => {
    const id = jobIdOf(queue, createIdSource().next(), digestOf('{}'));
    expect(parseJobId(id)).toEqual({ queue, digest: digestOf('{}') });
    expect(id).not.toContain(':');
    expect(id).toMatch(/[a-z]/);
  });

  test.each([
    '',
    '12',
    'email',
    'email-1',
    'email:1',
    '../../etc',
    `email-${'0'.repeat(20)}-!!!!!!!!!!`,
    'x'.repeat(10_000),
  ])('takes %j for no id of ours', id => {
    expect(parseJobId(id)).toBeUndefined();
  });

  test('other data has another digest', () => {
    expect(digestOf('{"a":1}')).not.toBe(digestOf('{"a":2}'));
    expect(digestOf('{"a":1}')).toMatch(/^[0-9A-Za-z]{10}$/);
  });

  test('a key is hashed with its contract, and its parts do not run into each other', () => {
    const id = deduplicationIdOf('welcome-email', ['key', 'ada@example.com']);
    expect(id).not.toContain('ada');
    expect(id).not.toBe(deduplicationIdOf('other', ['key', 'ada@example.com']));
    expect(deduplicationIdOf('x', ['a', 'bc'])).not.toBe(deduplicationIdOf('x', ['ab', 'c']));
    expect(deduplicationIdOf('x', [1])).not.toBe(deduplicationIdOf('x', ['1']));
  });
});
