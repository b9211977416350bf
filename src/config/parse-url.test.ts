import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DRIVER_PARAMETERS } from './driver-urls.ts';
import { parseUrl } from './parse-url.ts';
import { words } from './url-parameters.ts';

const SCHEMES = [
  'redis',
  'rediss',
  'postgres',
  'postgresql',
  'amqp',
  'amqps',
  'smtp',
  'smtps',
  'http',
  'https',
] as const;
const DRIVERS = SCHEMES.filter(scheme => !scheme.startsWith('http'));
const protocols = SCHEMES.map(scheme => `${scheme}:`);
const parse = (text: string) => parseUrl('THE_URL', text, { protocols, parameters: undefined });
const problemOf = (text: string): string => parse(text).problems?.join('\n') ?? '';

/** Every ASCII character, and some that are more than one byte. */
const ANY = `${String.fromCharCode(...Array.from({ length: 95 }, (_, index) => index + 32))}äß€日本語😀`;

describe.each(SCHEMES)('a %s:// URL', scheme => {
  test('may carry a password of any characters, percent-encoded', () => {
    const { url } = parse(`${scheme}://us%40er:${encodeURIComponent(ANY)}@host`);
    expect(decodeURIComponent(url?.password ?? '')).toBe(ANY);
    expect(decodeURIComponent(url?.username ?? '')).toBe('us@er');
    expect(url?.hostname).toBe('host');
  });

  test.each(['50%off', '%', 'a%', '%4', '%zz', '%ff', '%c3', '%ed%a0%80', '%00', 'a%0d%0ab', 'a%09'])(
    'with the password %j is refused by name, without it',
    password => {
      for (const text of [`${scheme}://u:hunter2${password}@host`, `${scheme}://hunter2${password}:p@host`]) {
        expect(problemOf(text)).toContain('THE_URL');
        expect(problemOf(text)).toContain('% is written %25');
        expect(problemOf(text)).not.toContain('hunter2');
      }
    },
  );

  test.each(['a\tb', 'a\nb', 'a\u0000b', 'a\u0085b'])('with a control character in it (%j) is refused', part => {
    expect(problemOf(`${scheme}://u:${part}@host`)).toContain('THE_URL');
  });

  test('with a # is refused: what stands behind it would be passed over', () => {
    for (const text of ['u:hunter2#x@host', 'u:12#x@host', 'host/#', 'host#hunter2'])
      expect(problemOf(`${scheme}://${text}`)).toMatch(/^Expected THE_URL(?!.*hunter2)/);
  });
});

describe.each(DRIVERS)('of a %s:// URL', scheme => {
  test.each(['12/hunter2', '12?hunter2', '12?db=hunter2', '12#hunter2', 'a/hunter2', '12/hunter2?x=1', 'a@b/hunter2'])(
    'the password %j does not make its beginning the host',
    password => {
      const problem = problemOf(`${scheme}://u:${password}@host`);
      expect(problem).toContain('THE_URL');
      expect(problem).not.toContain('hunter2');
    },
  );
});

describe('parameters', () => {
  test.each([
    ['redis://h?db=2', 'redis://h/3?family=6', 'rediss://h?family=0'],
    [
      'postgres://h/d?sslmode=verify-full&application_name=x',
      'postgres://h?options=-c%20search_path%3Dx&statement_timeout=5000',
      'postgres:///d?host=/var/run/postgresql&port=5433',
    ],
    ['amqp://h?heartbeat=10&frameMax=8192&channelMax=100&locale=en_US', 'amqps://h/%2Fhost?heartbeat=0'],
    ['https://h/v1?key=a&key=b&anything[]=at%zzall', 'http://h?@'],
  ])('that are known are taken: %s', (...texts) => {
    for (const text of texts) expect(parse(text).problems).toBeUndefined();
  });

  test.each([
    ['redis://h?tls=true', 'tls'],
    ['redis://h?password=hunter2', 'password'],
    ['redis://h?DB=2', 'db'],
    ['redis://h?maxRetriesPerRequest=1', 'maxRetriesPerRequest'],
    ['redis://h/1?db=2', 'number of a database'],
    ['redis://h?family=5', 'family'],
    ['redis://h?family=4&family=6', 'family'],
    ['postgres://h/d?schema=public', 'schema'],
    ['postgres://h/d?sslMode=require', 'sslmode'],
    ['postgres://h/d?sslmode=verify_full', 'sslmode'],
    ['postgres://h/d?sslrootcert=/nowhere/ca.pem', 'sslrootcert'],
    ['postgres://h/d?connection_limit=5', 'connection_limit'],
    ['postgres://h/d?target_session_attrs=read-write', 'target_session_attrs'],
    ['postgres://h/d?statement_timeout=5s', 'statement_timeout'],
    ['postgres://h/d?__proto__=1', 'parameter'],
    ['postgres://h/d?constructor=1', 'constructor'],
    ['postgres://h/d?port=0', 'port'],
    ['amqp://h?heartbeat=-1', 'heartbeat'],
    ['amqp://h?heartbeat=10s', 'heartbeat'],
    ['amqp://h?connection_timeout=1000', 'connection_timeout'],
    ['amqps://h?verify=verify_none', 'verify'],
  ])('that would have no effect are refused by name: %s', (text, named) => {
    expect(problemOf(text)).toContain('THE_URL');
    expect(problemOf(text)).toContain(named);
    expect(problemOf(text)).not.toContain('hunter2');
  });

  test('are those of the caller where it says which', () => {
    const parameters = { tls: words('never') };
    const problem = (text: string) => parseUrl('X', text, { protocols: ['smtp:'], parameters }).problems?.join();
    expect(problem('smtp://h?tls=never')).toBeUndefined();
    expect(problem('smtp://h?tls=on')).toBe('Expected the parameter "tls" of X to be never.');
    expect(problem('smtp://h?pool=true')).toContain('"pool"');
  });
});

test('docs/operations.md lists the parameters of each address', () => {
  const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  for (const [variable, protocol] of [
    ['REDIS_URL', 'redis:'],
    ['DATABASE_URL', 'postgres:'],
    ['RABBITMQ_URL', 'amqp:'],
  ] as const) {
    const [, entry = ''] = text.split(`\n- \`${variable}\``);
    const listed = [...(entry.split('\n- ')[0] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(Object.keys(DRIVER_PARAMETERS[protocol] ?? {}).toSorted());
  }
});

describe('a PostgreSQL without a host in its place', () => {
  test.each([
    'postgres://u:p@/db?host=/cloudsql/project:region:instance',
    'postgresql://u:p@/db?host=/var/run/postgresql&port=5433',
    'postgres://u:p@:5433/db',
    'postgres://u:p%40%2F@/db',
    'postgres://u@/',
  ])('%s is one with the name that the driver would take', text => {
    const { url } = parse(text);
    expect(url?.hostname).toBe('localhost');
    expect(url?.username).toBe('u');
  });

  test.each(['postgres:///db?host=/tmp', 'postgres://%2Fcloudsql%2Fp:r:i/db', 'postgres://%2Ftmp/db'])(
    '%s is taken or refused, and never another host',
    text => {
      const { url, problems } = parse(text);
      expect([undefined, '', '%2Ftmp']).toContain(url?.hostname);
      expect(problems === undefined || problems.join().includes('THE_URL')).toBe(true);
    },
  );

  test('is none of another scheme', () => {
    for (const scheme of ['redis', 'amqp', 'smtp']) expect(problemOf(`${scheme}://u:p@/x`)).toContain('no valid URL');
  });
});
