import { describe, expect, test } from 'vitest';
import { faultOf, isConflict, isOutage, isWithheld, reasonOf, stemsFromOutage } from './fault-of.ts';
import type { Fault } from './known-codes.ts';

function coded(code: string, message = ''): Error {
  return Object.assign(new Error(message), { code });
}

function reply(message: string): Error {
  const error = new Error(message);
  error.name = 'ReplyError';
  return error;
}

test.each([
  reply("NOPERM this user has no permissions to run the 'evalsha' command"),
  reply("ERR The user executing the script can't run this command or subcommand script: da30, on @user_script:56."),
  reply(
    "ERR Error running script (call to f_ab): @user_script:1: The user executing the script can't run this command or subcommand",
  ),
  reply("NOPERM ACL failure in script: User u has no permissions to run the 'hset' command"),
  reply('NOAUTH Authentication required.'),
  coded('42501'),
])('rights that were withdrawn may be given back: $message', error => {
  expect(isWithheld(error)).toBe(true);
  expect(faultOf(error)).toBe('refuses-for-good');
});

describe('by its code an error is', () => {
  test.each<[string, Fault]>([
    ['ECONNREFUSED', 'away'],
    ['ECONNRESET', 'away'],
    ['EPIPE', 'away'],
    ['ENOTFOUND', 'away'],
    ['ETIMEDOUT', 'away'],
    ['EMFILE', 'away'],
    ['CERT_HAS_EXPIRED', 'away'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'away'],
    ['UND_ERR_SOCKET', 'away'],
    ['08006', 'away'],
    ['08P01', 'away'],
    ['57P01', 'away'],
    ['57P02', 'away'],
    ['57P03', 'away'],
    ['57P04', 'away'],
    ['57P05', 'away'],
    ['57014', 'away'],
    ['25P03', 'away'],
    ['25P04', 'away'],
    ['QUEUE_UNAVAILABLE', 'away'],
    ['ENGINE_UNREACHABLE', 'away'],
    ['BUS_UNAVAILABLE', 'away'],
    ['KEY_RING_UNAVAILABLE', 'away'],
    ['CALL_TIMEOUT', 'away'],
    ['25006', 'refuses-now'],
    ['53000', 'refuses-now'],
    ['53100', 'refuses-now'],
    ['53200', 'refuses-now'],
    ['53300', 'refuses-now'],
    ['53400', 'refuses-now'],
    ['58030', 'refuses-now'],
    ['40001', 'refuses-now'],
    ['40P01', 'refuses-now'],
    ['55P03', 'refuses-now'],
    ['28P01', 'refuses-for-good'],
    ['28000', 'refuses-for-good'],
    ['3D000', 'refuses-for-good'],
    ['3F000', 'refuses-for-good'],
    ['42501', 'refuses-for-good'],
    ['42601', 'refuses-for-good'],
    ['42P01', 'refuses-for-good'],
    ['0A000', 'refuses-for-good'],
    ['23505', 'ours'],
    ['22P02', 'ours'],
    ['P0001', 'ours'],
    ['ENOENT', 'ours'],
    ['ERR_INVALID_ARG_TYPE', 'ours'],
    ['DELIVERY_FAILED', 'ours'],
    ['', 'ours'],
  ])('%s: %s', (code, fault) => {
    expect(faultOf(coded(code))).toBe(fault);
    expect(isOutage(coded(code))).toBe(fault === 'away' || fault === 'refuses-now');
  });
});

describe('by the first word of what Redis replied an error is', () => {
  test.each<[string, Fault]>([
    ['LOADING Redis is loading the dataset in memory', 'away'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'away'],
    ['CLUSTERDOWN The cluster is down', 'away'],
    ['UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)', 'away'],
    ["OOM command not allowed when used memory > 'maxmemory'. script: 8b1, on @user_script:1.", 'refuses-now'],
    [
      'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist on disk.',
      'refuses-now',
    ],
    ["READONLY You can't write against a read only replica.", 'refuses-now'],
    ['NOREPLICAS Not enough good replicas to write.', 'refuses-now'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'refuses-now'],
    ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.', 'refuses-now'],
    ['ERR max number of clients reached', 'refuses-now'],
    [
      "ERR Error running script (call to f_8b1): @user_script:7: @user_script: 7: -OOM command not allowed when used memory > 'maxmemory'.",
      'refuses-now',
    ],
    ['NOAUTH Authentication required.', 'refuses-for-good'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'refuses-for-good'],
    ["NOPERM this user has no permissions to run the 'evalsha' command", 'refuses-for-good'],
    ['DENIED Redis is running in protected mode because protected mode is enabled', 'refuses-for-good'],
    ['ERR DB index is out of range', 'refuses-for-good'],
    ['MOVED 3999 127.0.0.1:6381', 'refuses-for-good'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'ours'],
    ['BUSYGROUP Consumer Group name already exists', 'ours'],
    ['BUSYKEY Target key name already exists.', 'ours'],
    ['NOSCRIPT No matching script. Please use EVAL.', 'ours'],
    ['ERR value is not an integer or out of range', 'ours'],
    ["ERR unknown command 'OOM'", 'ours'],
    ['Oom is no code', 'ours'],
  ])('%s: %s', (message, fault) => {
    expect(faultOf(reply(message))).toBe(fault);
  });
});

describe('words of a message say nothing', () => {
  test.each([
    'OOM command not allowed',
    'READONLY transaction',
    'the request had a timeout',
    'Connection terminated by peer, they said',
    'the self-signed certificate of TLS was invalid',
    'Command timed out after all',
    'ECONNREFUSED',
  ])('%s', message => {
    expect(faultOf(new Error(message))).toBe('ours');
  });
});

test('a discarded MULTI of Redis is what was refused in it', () => {
  const discarded = Object.assign(reply('EXECABORT Transaction discarded because of previous errors.'), {
    previousErrors: [reply("OOM command not allowed when used memory > 'maxmemory'.")],
  });
  expect(faultOf(discarded)).toBe('refuses-now');
});

test('of several addresses that were tried the first speaks for all', () => {
  expect(faultOf(new AggregateError([coded('ECONNREFUSED'), coded('EHOSTUNREACH')]))).toBe('away');
});

test('a socket file that is not there is away; another file that is not there is the handler’s own affair', () => {
  expect(faultOf(Object.assign(coded('ENOENT'), { syscall: 'connect' }))).toBe('away');
  expect(faultOf(Object.assign(coded('ENOENT'), { syscall: 'open' }))).toBe('ours');
});

test('an error that others have wrapped stems from an outage by its cause, however deep', () => {
  const wrapped = new Error('the handler failed', { cause: new Error('so did the store', { cause: coded('57P01') }) });
  expect(stemsFromOutage(wrapped)).toBe(true);
  expect(isOutage(wrapped)).toBe(false);
  const circle = new Error('round');
  circle.cause = circle;
  expect(stemsFromOutage(circle)).toBe(false);
});

test('two transactions in each other’s way are a conflict, and nothing against the server', () => {
  expect(isConflict(coded('40P01'))).toBe(true);
  expect(isConflict(coded('53300'))).toBe(false);
});

test('what cannot be looked at is ours, and nothing throws', () => {
  const trap = (): never => {
    throw new Error('trapped');
  };
  const proxy: unknown = new Proxy(new Error('x'), { get: trap, has: trap, getPrototypeOf: trap });
  for (const thrown of [proxy, undefined, null, 'ECONNREFUSED', 7]) {
    expect(faultOf(thrown)).toBe('ours');
    expect(stemsFromOutage(thrown)).toBe(false);
    expect(reasonOf(thrown)).not.toBe('');
  }
});

describe('a reason', () => {
  test.each([
    [coded('ECONNREFUSED'), 'nothing listens there (connection refused)'],
    [coded('28P01'), 'the credentials were refused'],
    [reply('WRONGPASS invalid username-password pair or user is disabled.'), 'the credentials were refused'],
    [new Error('Connection is closed.'), 'the connection was reset'],
    [new Error('Query read timeout'), 'no answer came in time'],
    [undefined, 'no answer came in time'],
    [reply('WRONGTYPE Operation against a key holding the wrong kind of value'), 'it failed with WRONGTYPE'],
    [coded('23505', 'Key (email)=(a@b) already exists'), 'it failed with 23505'],
  ])('is said in our words', (error, words) => {
    expect(reasonOf(error)).toBe(words);
  });

  test('never shows the text of an error that is not known', () => {
    expect(reasonOf(new Error('password=hunter2 in redis://user:hunter2@host'))).toBe('it failed with Error');
  });
});
