import { describe, expect, test } from 'vitest';
import { decoyHash, InvalidConfigError } from '../src/config/index.ts';
import { readConfiguration } from './configuration.ts';

const users = `ann:admin:${decoyHash()}`;
const engine = { REDIS_URL: 'redis://queue.example' };

function problemsOf(variables: Record<string, string>, argv: readonly string[] = []): readonly string[] {
  try {
    readConfiguration(argv, variables);
    return [];
  } catch (error) {
    if (error instanceof InvalidConfigError) return error.problems;
    throw error;
  }
}

describe('the configuration of the dashboard', () => {
  test('in development it listens on this machine alone, on 3001, and needs no users', () => {
    expect(readConfiguration([], { ...engine, PORT: '3000' })).toMatchObject({
      production: false,
      users: [],
      port: 3_001,
      host: '127.0.0.1',
    });
  });

  test('REDIS_URL wins over DATABASE_URL', () => {
    const both = { ...engine, DATABASE_URL: 'postgres://db.example/app' };
    expect(readConfiguration([], both).engineUrl).toBe('redis://queue.example');
  });

  test('in production the port is DASHBOARD_PORT, else PORT', () => {
    const production = { ...engine, NODE_ENV: 'production', DASHBOARD_USERS: users, PORT: '8080' };
    expect(readConfiguration([], production)).toMatchObject({ port: 8_080, host: undefined });
    expect(readConfiguration([], { ...production, DASHBOARD_PORT: '9000' }).port).toBe(9_000);
  });

  test('case 3: production without users is refused, by the name of the variable', () => {
    for (const DASHBOARD_USERS of [undefined, '', '   ', ',']) {
      const variables = {
        ...engine,
        NODE_ENV: 'production',
        ...(DASHBOARD_USERS === undefined ? {} : { DASHBOARD_USERS }),
      };
      expect(problemsOf(variables).join()).toContain('DASHBOARD_USERS');
    }
  });

  test.each(['Production', 'prod', 'live'])('NODE_ENV=%s is refused: it would open without sign-in', NODE_ENV => {
    expect(problemsOf({ ...engine, NODE_ENV }).join()).toContain('NODE_ENV');
  });

  test('every fault is told at once', () => {
    const problems = problemsOf(
      {
        NODE_ENV: 'production',
        DASHBOARD_PORT: 'x',
        DASHBOARD_USERS: 'ann:king:secret',
        TRUST_PROXY: 'true',
        LOG_LEVEL: 'loud',
      },
      ['--apps', 'x'],
    );
    expect(problems).toHaveLength(7);
    for (const name of ['--apps', 'REDIS_URL', 'DASHBOARD_PORT', 'role', 'hash', 'TRUST_PROXY', 'LOG_LEVEL']) {
      expect(problems.join('\n')).toContain(name);
    }
    expect(problems.join('\n')).not.toContain('secret');
  });

  test.each([
    ['1', 1],
    ['10.0.0.0/8, loopback', '10.0.0.0/8,loopback'],
    ['::1', '::1'],
  ])('TRUST_PROXY=%s is taken', (text, expected) => {
    expect(readConfiguration([], { ...engine, TRUST_PROXY: text }).trustProxy).toBe(expected);
  });

  test.each(['true', '0', '*', '-1', 'proxy.example', '10.0.0.0/99', '1,2'])('TRUST_PROXY=%s is refused', text => {
    expect(problemsOf({ ...engine, TRUST_PROXY: text })).toHaveLength(1);
  });

  const byHeader = {
    ...engine,
    NODE_ENV: 'production',
    TRUST_PROXY: '10.0.0.0/8, loopback',
    DASHBOARD_AUTH_HEADER: 'X-Auth-User',
    DASHBOARD_AUTH_ROLES: 'ann:admin, team:ops:operator, *:viewer',
  };

  test('a header of a named proxy says who asks, and no users are needed', () => {
    const { trustedHeader, users: none } = readConfiguration([], byHeader);
    expect(none).toEqual([]);
    expect(trustedHeader).toEqual({
      header: 'x-auth-user',
      proxies: ['10.0.0.0/8', 'loopback'],
      roles: new Map([
        ['ann', 'admin'],
        ['team:ops', 'operator'],
        ['*', 'viewer'],
      ]),
    });
  });

  test.each([
    ['a number of hops for the proxy', { TRUST_PROXY: '1' }, 'TRUST_PROXY'],
    ['no proxy', { TRUST_PROXY: '' }, 'TRUST_PROXY'],
    ['users as well', { DASHBOARD_USERS: users }, 'DASHBOARD_USERS'],
    ['no roles', { DASHBOARD_AUTH_ROLES: '' }, 'DASHBOARD_AUTH_ROLES'],
    ['a role that there is not', { DASHBOARD_AUTH_ROLES: 'ann:root' }, 'DASHBOARD_AUTH_ROLES'],
    ['a name twice', { DASHBOARD_AUTH_ROLES: 'ann:admin,ann:viewer' }, 'DASHBOARD_AUTH_ROLES'],
    ['a header that browsers send', { DASHBOARD_AUTH_HEADER: 'Cookie' }, 'DASHBOARD_AUTH_HEADER'],
    ['roles without a header', { DASHBOARD_AUTH_HEADER: '', DASHBOARD_USERS: users }, 'DASHBOARD_AUTH_HEADER'],
  ])('a header with %s is refused', (_what, changed, named) => {
    const problems = problemsOf({ ...byHeader, ...changed });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(named);
  });

  test.each(['/ops', '/a/b-c', '/~ops.v2'])('DASHBOARD_BASE_PATH=%s is taken', path => {
    expect(readConfiguration([], { ...engine, DASHBOARD_BASE_PATH: path }).basePath).toBe(path);
  });

  test.each(['ops', '/ops/', '//ops', '/..', '/a/../b', '/a b', '/%6fps', '/ops?x', 'https://ops.example'])(
    'DASHBOARD_BASE_PATH=%s is refused',
    path => {
      expect(problemsOf({ ...engine, DASHBOARD_BASE_PATH: path })).toHaveLength(1);
    },
  );
});
