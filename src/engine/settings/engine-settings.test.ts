import { describe, expect, test } from 'vitest';
import { Environment, type Variables } from '../../config/index.ts';
import { readEngineSettings } from './engine-settings.ts';

const read = (variables: Variables) => {
  const environment = new Environment(variables);
  return { settings: readEngineSettings(environment), problems: environment.problems };
};
const redis = 'redis://localhost:6379';
const postgres = 'postgres://localhost/shop';

describe('readEngineSettings', () => {
  test('REDIS_URL wins over DATABASE_URL', () => {
    expect(read({ REDIS_URL: redis, DATABASE_URL: postgres }).settings).toMatchObject({ url: redis, kind: 'redis' });
    expect(read({ DATABASE_URL: postgres }).settings).toMatchObject({ url: postgres, kind: 'postgres' });
  });

  test('without either it says which variables name an engine, beside other faults', () => {
    expect(read({ SHIFTWORK_NAMESPACE: 'a b' }).problems).toEqual([
      expect.stringContaining('REDIS_URL or DATABASE_URL'),
      expect.stringContaining('Expected SHIFTWORK_NAMESPACE to be'),
    ]);
  });

  test('a database that is no number is a fault, and the driver never sees it', () => {
    const { settings, problems } = read({ REDIS_URL: `${redis}/abc`, DATABASE_URL: postgres });
    expect(problems).toEqual([expect.stringContaining('Expected REDIS_URL to end with the number of a database')]);
    // Not the other engine in its place.
    expect(settings).toMatchObject({ url: '', kind: 'redis' });
  });

  test('a wrong URL is one fault and never repeated: it may hold a password', () => {
    const { problems } = read({ REDIS_URL: 'http://user:hunter2@host' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).not.toContain('hunter2');
  });
});
