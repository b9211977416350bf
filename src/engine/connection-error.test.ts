import { describe, expect, test } from 'vitest';
import { isConnectionError, reasonOf } from './connection-error.ts';

function withCode(code: string, message = ''): Error {
  return Object.assign(new Error(message), { code });
}

describe('a connection error', () => {
  test.each([
    ['ECONNREFUSED', 'nothing listens there (connection refused)'],
    ['ENOTFOUND', 'the host name is unknown'],
    ['28P01', 'the credentials were refused'],
    ['57P03', 'the server is starting up or shutting down'],
  ])('with code %s is explained in words', (code, words) => {
    expect(reasonOf(withCode(code))).toBe(words);
    expect(isConnectionError(withCode(code))).toBe(true);
  });

  test.each([
    ['Connection is closed.', 'the connection was closed'],
    ["Stream isn't writeable and enableOfflineQueue options is false", 'the connection was closed'],
    ['Connection terminated unexpectedly', 'the connection was closed'],
    ['Command timed out', 'no answer came in time'],
    ['Query read timeout', 'no answer came in time'],
    ['timeout exceeded when trying to connect', 'no answer came in time'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'the credentials were refused'],
    ['NOAUTH Authentication required.', 'the credentials were refused'],
    ['LOADING Redis is loading the dataset in memory', 'the server is loading its data'],
    ['self-signed certificate', 'the secure connection could not be made'],
  ])('that says "%s" is explained in words', (message, words) => {
    expect(reasonOf(new Error(message))).toBe(words);
    expect(isConnectionError(new Error(message))).toBe(true);
  });

  test('is explained by its code when the driver tried several addresses and left the message empty', () => {
    const error = Object.assign(new AggregateError([new Error('::1'), new Error('127.0.0.1')]), {
      code: 'ECONNREFUSED',
    });
    expect(reasonOf(error)).toBe('nothing listens there (connection refused)');
  });

  test('never shows the text of an error that is not known', () => {
    expect(reasonOf(new Error('password=hunter2 in redis://user:hunter2@host'))).not.toContain('hunter2');
  });
});

test.each([
  new Error('ERR value is not an integer or out of range'),
  withCode('23505', 'duplicate key value violates unique constraint'),
  withCode('42P01', 'relation "migration" does not exist'),
  new SyntaxError('Unexpected end of JSON input'),
  undefined,
])('an engine that says no is not away: %s', error => {
  expect(isConnectionError(error)).toBe(false);
});
