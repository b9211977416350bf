import { describe, expect, test } from 'vitest';
import { InvalidConfigError } from './invalid-config-error.ts';
import { Environment } from './environment.ts';

describe('Environment', () => {
  test('collects every fault and throws them at once', () => {
    const environment = new Environment({ PORT: 'abc', LOG_LEVEL: 'loud', REDIS_URL: 'http://x' });
    environment.integer('PORT', { min: 1, max: 65_535, fallback: 3_000 });
    environment.oneOf('LOG_LEVEL', ['debug', 'info'], 'info');
    environment.url('REDIS_URL', { protocols: ['redis:', 'rediss:'] });
    environment.required('WEBHOOK_SECRET', 'job "webhook"');
    const check = () => environment.check();
    expect(check).toThrow(InvalidConfigError);
    expect(environment.problems).toEqual([
      'Expected PORT to be an integer from 1 to 65535, got "abc".',
      'Expected LOG_LEVEL to be one of debug, info, got "loud".',
      'Expected REDIS_URL to be a URL that starts with redis:// or rediss://, got "http://...".',
      'Expected WEBHOOK_SECRET to be set: it is needed by job "webhook".',
    ]);
  });

  test('a fault that two readers meet is told once', () => {
    const environment = new Environment({ DATABASE_URL: 'mysql://x' });
    environment.url('DATABASE_URL', { protocols: ['postgres:'] });
    environment.url('DATABASE_URL', { protocols: ['postgres:'] });
    expect(environment.problems).toHaveLength(1);
  });

  test('an empty variable counts as unset', () => {
    const environment = new Environment({ PORT: '', REDIS_URL: '  ' });
    expect(environment.integer('PORT', { min: 1, max: 9, fallback: 5 })).toBe(5);
    expect(environment.url('REDIS_URL', { protocols: ['redis:'] })).toBeUndefined();
    expect(environment.has('REDIS_URL')).toBe(false);
    expect(environment.problems).toEqual([]);
  });

  test('a faulty URL never shows its password', () => {
    const environment = new Environment({ A: 'redis://user:hunter2@', B: 'http://user:hunter2@host/' });
    environment.url('A', { protocols: ['rediss:'] });
    environment.url('B', { protocols: ['rediss:'] });
    expect(environment.problems).toHaveLength(2);
    expect(environment.problems.join(' ')).not.toContain('hunter2');
  });

  test.each(['0', '11', '1.5', '1e1', ' ', 'NaN'])(
    'integer() takes %j for a fault or unset, never for a number',
    value => {
      const environment = new Environment({ N: value });
      expect(environment.integer('N', { min: 1, max: 10 })).toBeUndefined();
    },
  );
});
