import { describe, expect, test } from 'vitest';
import { InvalidConfigError } from '../errors/index.ts';
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

test.each(['a:b', 'ä', '-x', 'x'.repeat(41), '{x}', 'a b', 'x"; DROP SCHEMA public'])(
  'the namespace %s is refused',
  namespace => {
    expect(() => openEngine({ url: `redis://${NOWHERE}`, role: 'worker', namespace })).toThrow(InvalidConfigError);
  },
);

test('an engine that was never used closes at once, and twice', async () => {
  for (const url of [`redis://${NOWHERE}`, `postgres://${NOWHERE}/app`]) {
    const engine = openEngine({ url, role: 'worker' });
    const closing = engine.close();
    expect(engine.close()).toBe(closing);
    await closing;
  }
});

test('a producer makes no workers', async () => {
  for (const url of [`redis://${NOWHERE}`, `postgres://${NOWHERE}/app`]) {
    const engine = openEngine({ url, role: 'producer' });
    await expect(engine.worker('email', async () => undefined, { name: 'w' })).rejects.toThrow(/role "worker"/);
    await engine.close();
  }
});
