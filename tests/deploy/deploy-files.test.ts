import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../architecture/source-texts.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
/** The source of a built file. */
const sourceOf = (built: string): string => built.replace(/^dist\/(.*)\.js$/, '$1.ts');

describe('Procfile', () => {
  const types = new Map(
    read('Procfile')
      .trim()
      .split('\n')
      .map(line => line.split(/:\s+/))
      .map(([type = '', command = '']) => [type, command]),
  );

  test('has a web, a worker, a relay and a release process', () => {
    expect([...types.keys()]).toEqual(expect.arrayContaining(['web', 'worker', 'relay', 'release']));
  });

  test('starts built files, and Node itself, so that signals arrive', () => {
    for (const command of types.values()) {
      const file = /^node (dist\/\S+\.js)( |$)/.exec(command)?.[1] ?? '';
      expect({ command, source: existsSync(join(ROOT, sourceOf(file))) }).toEqual({ command, source: true });
    }
  });
});

describe('Dockerfile', () => {
  const stages = read('Dockerfile')
    .split(/^(?=FROM )/m)
    .slice(1)
    .map(text => ({ name: / AS (\w+)$/m.exec(text)?.[1] ?? '', parent: /^FROM (\S+)/.exec(text)?.[1] ?? '', text }));
  const runs = stages.filter(({ text }) => /^CMD /m.test(text));

  test('what runs has a health check, is run by Node itself, and not by root', () => {
    expect(runs.map(({ name }) => name)).toEqual(['shop', 'shiftwork']);
    const base = stages.find(({ name }) => name === 'base');
    expect(base?.text).toMatch(/^USER node$/m);
    for (const { name, parent, text } of runs) {
      expect({ name, parent }).toEqual({ name, parent: 'base' });
      expect(text).toMatch(/^HEALTHCHECK /m);
      expect(text).toMatch(/^CMD \["node", "/m);
      expect(text).not.toMatch(/^USER /m);
    }
  });

  test('the last stage is the one that is built by default', () => {
    expect(stages.at(-1)?.name).toBe('shiftwork');
  });

  test('installs from the lock alone, without install scripts and without the programs for development', () => {
    const installs = read('Dockerfile')
      .split('\n')
      .filter(line => /\bnpm (ci|install|i)\b/.test(line));
    expect(installs.length).toBeGreaterThan(1);
    for (const line of installs) expect(line).toMatch(/npm ci .*--workspaces=false --ignore-scripts/);
    expect(installs.at(-1)).toContain('--omit=dev');
  });

  test('copies what exists, and starts what it copied', () => {
    const own = stages.flatMap(({ text }) => [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)]);
    const paths = own.flatMap(([, sources = '']) => sources.split(' '));
    expect(paths.filter(path => !existsSync(join(ROOT, path)))).toEqual([]);
    for (const { text } of runs) {
      for (const [, file = ''] of text.matchAll(/"node", "((?!-)[^"]+)"/g)) {
        expect({ file, source: existsSync(join(ROOT, sourceOf(file))) }).toEqual({ file, source: true });
      }
    }
  });

  test('no secret and no data reach the build', () => {
    const ignored = read('.dockerignore').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['.git', '.env', '.env.*', '.shiftwork', 'node_modules']));
    expect(read('.gitignore').split('\n')).toContain('.env');
  });
});
