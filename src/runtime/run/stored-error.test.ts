import { describe, expect, test } from 'vitest';
import { createScrubber } from '../../privacy/index.ts';
import { JobDeadError } from './job-dead-error.ts';
import { StoredError } from './stored-error.ts';

const scrub = (text: string) => text.replaceAll('hunter2', '[redacted]');

describe('StoredError', () => {
  test('sensitive values are gone from message, stack and causes', () => {
    const error = new Error('login hunter2 failed', { cause: new Error('token hunter2 is bad') });
    const stored = new StoredError(error, scrub);
    expect(stored.message).toBe('login [redacted] failed');
    expect(stored.stack).toContain('caused by');
    expect(`${stored.message}${stored.stack}`).not.toContain('hunter2');
  });

  test('a value that the bound goes through does not show its beginning, however much shorter scrubbing makes the rest', () => {
    const secret = `hunter2-${'y'.repeat(200)}`;
    const clean = createScrubber({ sensitive: ['secret'] }, { secret });
    for (let shift = 0; shift < secret.length; shift += 20) {
      const stored = new StoredError(new Error(`${'z'.repeat(shift)}${secret.repeat(400)}`), clean);
      expect(`${stored.message}${stored.stack}`).not.toMatch(/hunter|y{3}/);
    }
  });

  test('the name is scrubbed as well', () => {
    expect(new StoredError(Object.assign(new Error('x'), { name: 'hunter2' }), scrub).name).toBe('[redacted]');
  });

  test('the code stands in front of the message, once', () => {
    expect(new StoredError(new JobDeadError('no such order'), scrub).message).toBe('JOB_DEAD: no such order');
    const system = Object.assign(new Error('ECONNREFUSED 127.0.0.1'), { code: 'ECONNREFUSED' });
    expect(new StoredError(system, scrub).message).toBe('ECONNREFUSED 127.0.0.1');
  });

  test('a huge message is cut to a bound, and says so', () => {
    const stored = new StoredError(new Error('x'.repeat(5_000_000)), scrub);
    expect(stored.message.length).toBeLessThan(2_100);
    expect(stored.message).toContain('more characters');
    expect((stored.stack ?? '').length).toBeLessThan(8_100);
  });

  test.each(['message', 'name', 'stack', 'code', 'cause'])('an error whose %s throws is stored all the same', field => {
    const hostile = new Error('x');
    Object.defineProperty(hostile, field, {
      get() {
        throw new Error('no');
      },
    });
    expect(() => new StoredError(hostile, scrub)).not.toThrow();
  });

  test('a cause that cannot be looked at is none', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(new StoredError(new Error('x', { cause: proxy }), scrub).stack).toContain('caused by object');
  });

  test('causes that point at each other end', () => {
    const a = new Error('a');
    a.cause = new Error('b', { cause: a });
    expect(new StoredError(a, scrub).stack?.match(/caused by/g)?.length).toBe(4);
  });
});
