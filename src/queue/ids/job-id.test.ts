import { describe, expect, test } from 'vitest';
import { KeyedDigests } from '../../secrets/index.ts';
import { createIdSource } from '../../time/index.ts';
import { derivedId, jobIdOf, parseJobId, placeOf, shownJobId } from './job-id.ts';

const digests = new KeyedDigests('a'.repeat(32));

describe('job ids', () => {
  test.each(['email', 'a', 'user-imports-2'])('an id alone says that its queue is %s', queue => {
    for (const id of [jobIdOf(queue, createIdSource().next()), derivedId(queue, Date.now(), 'cause', digests)]) {
      expect(parseJobId(id)).toEqual({ queue });
      expect(id).not.toContain(':');
      expect(id).toMatch(/[a-z]/);
    }
  });

  test('an id of 0.1 is one of ours', () => {
    expect(parseJobId('email-0mgrh5oxk0000a1b2c3d-Zk9QxY01ab')).toEqual({ queue: 'email' });
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

  test('a job of another program is named by its queue and its id', () => {
    expect(placeOf('mail/order-7')).toEqual({ queue: 'mail', id: 'order-7' });
    expect(placeOf('mail/a/b')).toEqual({ queue: 'mail', id: 'a/b' });
    const scheduled = 'repeat:nightly:1796000000000';
    expect(placeOf(shownJobId({ queue: 'mail', id: scheduled }))).toEqual({ queue: 'mail', id: scheduled });
    const own = jobIdOf('email', createIdSource().next());
    expect(placeOf(own)).toEqual({ queue: 'email', id: own });
    expect(placeOf(`mail/${own}`)).toEqual({ queue: 'mail', id: own });
    for (const id of [own, 'order-7']) {
      for (const queue of ['email', 'mail']) expect(placeOf(shownJobId({ queue, id }))).toEqual({ queue, id });
    }
    for (const none of [
      '7',
      'mail/',
      '/7',
      'mail/a:b',
      'mail/repeat:nightly',
      'mail/repeat:nightly:17:logs',
      'a b/7',
      `mail/${'x'.repeat(201)}`,
    ])
      expect(placeOf(none)).toBeUndefined();
  });

  test('sorts by the time it was made, or its cause happened', () => {
    const source = createIdSource();
    const ids = [1, 2, 3].map(ms => jobIdOf('email', source.next(Date.UTC(2026, 0, 1) + ms)));
    expect(ids.toSorted()).toEqual(ids);
    const derived = [1, 2, 3].map(ms => derivedId('email', Date.UTC(2026, 0, 1) + ms, 'x', digests));
    expect(derived.toSorted()).toEqual(derived);
  });

  test('no two are alike, whatever they are made for: 100,000 at one moment', () => {
    const ids = Array.from({ length: 100_000 }, () => jobIdOf('email', 'x'.repeat(20)));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('one cause has one id, another cause another, another secret another', () => {
    const id = derivedId('email', 5, 'cause', digests);
    expect(derivedId('email', 5, 'cause', digests)).toBe(id);
    expect(derivedId('email', 5, 'another', digests)).not.toBe(id);
    expect(derivedId('email', 5, 'cause', new KeyedDigests('b'.repeat(32)))).not.toBe(id);
  });
});
