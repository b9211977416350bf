import { describe, expect, test } from 'vitest';
import { QueueUnavailableError } from './queue-unavailable-error.ts';
import { unavailable } from './store.ts';

function failure(message: string, fields: Readonly<Record<string, string>> = {}): Error {
  return Object.assign(new Error(message), fields);
}

describe('what a producer is told when a job was not stored', () => {
  test.each([
    [failure('connect ECONNREFUSED 127.0.0.1:1', { code: 'ECONNREFUSED' }), 'the engine is away'],
    [failure('Connection is closed.'), 'the engine is away'],
    [failure("OOM command not allowed when used memory > 'maxmemory'."), 'out of memory'],
    [failure('MISCONF Redis is configured to save snapshots of "a secret"'), 'the engine failed with MISCONF'],
    [failure('permission denied for table job: "a secret"', { code: '42501' }), 'the engine failed with 42501'],
    [failure('the server is going down', { code: '57P01' }), 'the engine is away'],
    ['a secret', 'the engine is away'],
  ])('%s: %s', (cause, told) => {
    const error = unavailable('email', cause);
    expect(error).toBeInstanceOf(QueueUnavailableError);
    expect(error.message).toContain(told);
    expect(error.message).not.toContain('secret');
  });
});
