import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { InvalidConfigError } from '../config/index.ts';
import { InvalidOptionsError } from '../errors/index.ts';
import { openEngine } from './open-engine.ts';

const NOWHERE = '127.0.0.1:1';

describe('the engine is chosen by its URL', () => {
  test.each([
    [`redis://${NOWHERE}`, 'redis', NOWHERE],
    ['rediss://user:secret@redis.example/3', 'redis', 'redis.example:6379'],
    ['postgres://user:secret@db.example/app?sslmode=require', 'postgres', 'db.example:5432'],
    ['postgresql://db.example:6543/app', 'postgres', 'db.example:6543'],
    ['postgresql:///app?host=/var/run/postgresql', 'postgres', '/var/run/postgresql:5432'],
  ] as const)('%s', (url, kind, target) => {
    expect(openEngine({ url, role: 'producer' })).toMatchObject({ kind, target });
  });

  test.each(['mysql://root:secret@host/db', 'not a url, secret', ''])('and refused when it is none: %s', url => {
    const open = () => openEngine({ url, role: 'producer' });
    expect(open).toThrow(InvalidConfigError);
    expect(open).toThrow(/redis:\/\/.*postgresql:\/\//);
    expect(open).not.toThrow(/secret/);
  });
});

test.each(['/abc', '/1.5', '/1/2', '?db=x'])('a Redis has no database %s', end => {
  const open = () => openEngine({ url: `rediss://user:secret@host${end}`, role: 'producer' });
  expect(open).toThrow(InvalidConfigError);
  expect(open).toThrow(/number of a database/);
  expect(open).not.toThrow(/secret|abc/);
});

test.each(['a:b', 'ä', '-x', 'x'.repeat(41), '{x}', 'a b', 'x"; DROP SCHEMA public'])(
  'the namespace %s is refused',
  namespace => {
    expect(() => openEngine({ url: `redis://${NOWHERE}`, role: 'worker', namespace })).toThrow(InvalidConfigError);
  },
);

test.each([
  ['nothing', [], 'got undefined'],
  ['null', [null], 'got null'],
  ['no url', [{ role: 'worker' }], 'got undefined for it'],
  ['a url that is no text', [{ url: new URL('redis://localhost'), role: 'worker' }], 'got object for it'],
  ['no role', [{ url: 'memory://x' }], '"producer" or "worker"'],
])('%s in place of options is refused, and what was expected is said', (_, given, says) => {
  const open = (): unknown => Reflect.apply(openEngine, undefined, given);
  expect(open).toThrow(InvalidOptionsError);
  expect(open).toThrow(/^Expected openEngine\(\) to get \{ url, role \}/);
  expect(open).toThrow(says);
});

test('an engine that was never used closes at once, and twice', async () => {
  for (const url of [`redis://${NOWHERE}`, `postgres://${NOWHERE}/app`]) {
    const engine = openEngine({ url, role: 'worker' });
    const closing = engine.close();
    expect(engine.close()).toBe(closing);
    await closing;
  }
});

test('a process on Redis never loads pg, and ends by itself once its engine is closed', async () => {
  const program = `
    import { createRequire } from 'node:module';
    import { openEngine } from ${JSON.stringify(import.meta.resolve('./index.ts'))};
    const loaded = () => Object.keys(createRequire(${JSON.stringify(import.meta.url)}).cache)
      .some(file => /[\\\\/]node_modules[\\\\/]pg[\\\\/]/.test(file));
    for (const url of ['redis://${NOWHERE}', 'postgres://${NOWHERE}/app']) {
      const engine = openEngine({ url, role: 'producer' });
      const refusal = await engine.queue('email').catch(error => error.code);
      await engine.close();
      console.log(engine.kind, refusal, loaded());
    }
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  expect(stdout.trim().split('\n')).toEqual(['redis ENGINE_UNREACHABLE false', 'postgres ENGINE_UNREACHABLE true']);
});
