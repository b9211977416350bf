import { describe, expect, test } from 'vitest';
import { DeliveryError } from '../src/resilience/index.ts';
import { orAway, orLater } from './database-away.ts';

const failed = (message: string, code?: string): Promise<never> =>
  Promise.reject(Object.assign(new Error(message), code === undefined ? {} : { code }));

describe('a statement', () => {
  test.each([
    ['connect ECONNREFUSED 10.0.0.5:5432', 'ECONNREFUSED'],
    ['terminating connection due to administrator command', '57P01'],
    ['the database system is starting up', '57P03'],
    ['sorry, too many clients already', '53300'],
    ['Connection terminated unexpectedly', undefined],
    ['timeout exceeded when trying to connect', undefined],
    ['Query read timeout', undefined],
  ])('that fails with "%s" says that the database is away, without its address', async (message, code) => {
    const error = await orAway(failed(message, code)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject({ failure: 'transient', destination: 'database' });
    expect(String(error)).not.toContain('10.0.0.5');
  });

  test.each([
    ['duplicate key value violates unique constraint', '23505'],
    ['relation "x" does not exist', '42P01'],
  ])('that is refused with "%s" is thrown as it came', async (message, code) => {
    await expect(orAway(failed(message, code))).rejects.toMatchObject({ code, message });
  });

  test('of a host with two addresses that both refuse is away too', async () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    await expect(orAway(Promise.reject(new AggregateError([refused, refused])))).rejects.toThrow('ECONNREFUSED');
  });
});

test('of a job that depends on another far side, it makes the job wait; what is refused is thrown as it came', async () => {
  const away = await orLater(failed('connect ECONNREFUSED 10.0.0.5:5432', 'ECONNREFUSED')).catch((e: unknown) => e);
  expect(away).toMatchObject({ what: 'snooze', reason: 'The database is away (ECONNREFUSED).' });
  await expect(orLater(failed('no such table', '42P01'))).rejects.toMatchObject({ code: '42P01' });
  expect(await orLater(Promise.resolve(7))).toBe(7);
});
