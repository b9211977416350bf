import { describe, expect, test } from 'vitest';
import { parseRedisAddress } from './redis-address.ts';

const addressOf = (text: string) => parseRedisAddress('THE_URL', text).address;
const problemOf = (text: string): string => parseRedisAddress('THE_URL', text).problems?.join('\n') ?? '';

describe('one server', () => {
  test.each([
    ['redis://h', { kind: 'single', host: { host: 'h', port: 6379 }, db: 0, tls: false, target: 'h:6379' }],
    ['rediss://u:p%40@h:7/3?family=6', { username: 'u', password: 'p@', db: 3, family: 6, tls: true, target: 'h:7' }],
    ['redis://:secret@[::1]:7?db=2', { host: { host: '::1', port: 7 }, db: 2, password: 'secret', target: '[::1]:7' }],
    ['redis:///4', { host: { host: 'localhost', port: 6379 }, db: 4 }],
  ])('%s', (text, expected) => {
    expect(addressOf(text)).toMatchObject(expected);
  });

  test.each(['redis://a,b', 'redis://u:p@a:1,b:2/0', 'rediss://a:1,b:2'])('is not several: %s', text => {
    expect(problemOf(text)).toMatch(/Expected THE_URL to name one host.*redis\+sentinel:.*redis\+cluster:/);
  });
});

describe('sentinels', () => {
  test('their hosts, the master, its credentials and theirs', () => {
    const text =
      'rediss+sentinel://us%2Fer:50%25@h1:26379,h2,[::1]:7/my.master-1/5?sentinelUser=s&sentinelPassword=a+b%26';
    expect(addressOf(text)).toEqual({
      kind: 'sentinel',
      sentinels: [
        { host: 'h1', port: 26379 },
        { host: 'h2', port: 26379 },
        { host: '::1', port: 7 },
      ],
      master: 'my.master-1',
      db: 5,
      tls: true,
      username: 'us/er',
      password: '50%',
      family: undefined,
      sentinelUser: 's',
      sentinelPassword: 'a+b&',
      href: text,
      target: 'h1:26379,h2:26379,[::1]:7/my.master-1',
    });
  });

  test.each([
    ['redis+sentinel://h/master', 0],
    ['redis+sentinel://h/master/', 0],
    ['redis+sentinel://h/master?db=4', 4],
    ['redis+sentinel://h/7/2', 2],
  ])('%s is database %i', (text, db) => {
    expect(addressOf(text)).toMatchObject({ db, sentinelUser: undefined, sentinelPassword: undefined });
  });

  test.each(['redis+sentinel://h1,h2', 'redis+sentinel://h/', 'redis+sentinel://h/0', 'redis+sentinel://h/?db=1'])(
    'without a master are refused, with an example: %s',
    text => {
      expect(problemOf(text)).toMatch(/Expected THE_URL to name the master .*\/MASTER\.$/);
    },
  );

  test.each([
    ['redis+sentinel://h/a%20b', 'letters, digits'],
    ['redis+sentinel://h/m/x', 'number of a database'],
    ['redis+sentinel://h/m/1/2', 'number of a database'],
    ['redis+sentinel://h/m/1?db=1', 'number of a database'],
    ['redis+sentinel://h/m?sentinelUser=x', 'a sentinelPassword beside'],
    ['redis+sentinel://h/m?sentinelPassword=50%hunter2', 'percent-encoded'],
    ['redis+sentinel://h/m?sentinelPassword=hunter2&sentinelPassword=b', 'once'],
    ['redis+sentinel://h/m?sentinelpassword=hunter2', 'did you mean "sentinelPassword"?'],
  ])('%s is refused, and not repeated', (text, why) => {
    expect(problemOf(text)).toMatch(/^Expected (the parameter ".*" of )?THE_URL/);
    expect(problemOf(text)).toContain(why);
    expect(problemOf(text)).not.toContain('hunter2');
  });
});

describe('a cluster', () => {
  test.each(['', '/', '/0', '?db=0', '?family=4'])('its nodes, and no database: %s', end => {
    expect(addressOf(`redis+cluster://u:p@h1:7000,h2${end}`)).toMatchObject({
      kind: 'cluster',
      nodes: [
        { host: 'h1', port: 7000 },
        { host: 'h2', port: 6379 },
      ],
      username: 'u',
      password: 'p',
      target: 'h1:7000,h2:6379',
    });
  });

  test.each(['/1', '?db=3', '/master', '/0/0'])('with another database is refused: %s', end => {
    expect(problemOf(`rediss+cluster://h1,h2${end}`)).toMatch(
      /Expected THE_URL to name no database .* database 0 alone/,
    );
  });

  test('does not take the credentials of sentinels', () => {
    expect(problemOf('redis+cluster://h?sentinelPassword=x')).toContain('no parameter "sentinelPassword"');
  });
});

test.each(['h1,,h2', 'h1:0', 'h1,h2:70000', 'h1,h2:x', ',h1', 'h1,', 'h 1', 'h1,[::1', '', 'h1;h2', 'h1|h2', 'a%2Cb'])(
  'hosts that are none are refused: %s',
  hosts => {
    for (const text of [`redis+sentinel://${hosts}/m`, `redis+cluster://u:hunter2@${hosts}`]) {
      expect(problemOf(text)).toContain('THE_URL');
      expect(problemOf(text)).not.toContain('hunter2');
    }
  },
);

test.each(['redis://h:0', 'rediss://:hunter2@h:0/1', 'redis://h1;h2', 'redis://u:hunter2@h%2Cb', 'redis://h%20'])(
  'a host or port of one server that is none is refused: %s',
  text => {
    expect(problemOf(text)).toMatch(/^Expected THE_URL to (have a port from 1|name a host of letters)/);
    expect(problemOf(text)).not.toContain('hunter2');
  },
);

test.each(['redis+cluster://u:hunter2@a,v:other@b', 'redis+sentinel://u:hunter2@a,u:hunter2@b/m'])(
  'credentials of each host are refused, and no host is dropped in silence: %s',
  text => {
    expect(problemOf(text)).toMatch(/^Expected THE_URL to have one user and password, before all hosts/);
    expect(problemOf(text)).not.toContain('hunter2');
  },
);

test('a host that is named twice is two of a list: whoever connects tries it twice', () => {
  expect(addressOf('redis+cluster://h:7000,h:7000')).toMatchObject({ target: 'h:7000,h:7000' });
});

test.each(['redis+sentinels', 'redis-cluster', 'sentinel', 'redis+', 'http', 'valkey'])(
  'the scheme %s is unknown, and the known ones are named',
  scheme => {
    const problem = problemOf(`${scheme}://u:hunter2@h1,h2/m`);
    expect(problem).toMatch(/redis:\/\/ .*rediss\+sentinel:\/\/ .*redis\+cluster:\/\//);
    expect(problem).not.toContain('hunter2');
  },
);

test.each(['redis', 'redis+sentinel', 'rediss+cluster'])(
  'a bare %% in a password of %s:// is refused by name',
  scheme => {
    for (const password of ['50%', '50%off', '%ff', '%00']) {
      const problem = problemOf(`${scheme}://u:hunter2${password}@h1/m`);
      expect(problem).toMatch(/^Expected THE_URL to be percent-encoded.*% is written %25/);
      expect(problem).not.toContain('hunter2');
    }
  },
);
