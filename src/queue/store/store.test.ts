import { describe, expect, test } from 'vitest';
import { QueueUnavailableError } from './queue-unavailable-error.ts';
import { unavailable } from './store.ts';

function failure(message: string, fields: Readonly<Record<string, string>> = {}): Error {
  return Object.assign(new Error(message), fields);
}

function reply(message: string): Error {
  return failure(message, { name: 'ReplyError' });
}

describe('what a producer is told when a job was not stored', () => {
  test.each([
    [failure('connect ECONNREFUSED 127.0.0.1:1', { code: 'ECONNREFUSED' }), 'nothing listens there'],
    [failure('Connection is closed.'), 'the connection was reset'],
    [reply("OOM command not allowed when used memory > 'maxmemory'."), 'it is out of memory (maxmemory reached)'],
    [reply('MISCONF Redis is configured to save snapshots of "a secret"'), 'it cannot save to its disk'],
    [reply("READONLY You can't write against a read only replica."), 'it is a read-only replica'],
    [reply('WRONGTYPE Operation against "a secret"'), 'it failed with WRONGTYPE'],
    [failure('permission denied for table job: "a secret"', { code: '42501' }), 'the rights do not suffice'],
    [failure('cannot execute INSERT in "a secret"', { code: '25006' }), 'it is read-only'],
    [failure('could not extend file "a secret"', { code: '53100' }), 'the disk of the server is full'],
    [failure('the server is going down', { code: '57P01' }), 'the server is shutting down'],
    ['a secret', 'it failed with an unknown error'],
  ])('%s: %s', (cause, reason) => {
    const error = unavailable('email', cause);
    expect(error).toBeInstanceOf(QueueUnavailableError);
    expect(error.message).toContain(reason);
    expect(error.message).not.toContain('secret');
  });
});
