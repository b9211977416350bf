import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './source-texts.ts';

/** docs/architecture.md, "The walks": chains of files, `a` → `b`, each of which imports the next, itself or through its room's door. */
const section =
  /\n## The walks\n([\s\S]*?)\n## /.exec(readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8'))?.[1] ?? '';
const chains = [...section.matchAll(/`[^`\n]+`(?:\s*→\s*`[^`\n]+`)+/g)].map(([chain]) =>
  [...chain.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path),
);
const named = [...section.matchAll(/`([\w./-]+\/[\w.-]+\.ts)`/g)].map(([, path = '']) => path);

function importsOf(path: string): readonly string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, address = '']) =>
    posix.join(posix.dirname(path), address),
  );
}

/** Directly, or through doors alone. */
function imports(from: string, to: string): boolean {
  return importsOf(from).some(target => target === to || (target.endsWith('/index.ts') && imports(target, to)));
}

describe('the walks through the house', () => {
  test('are there', () => {
    expect(chains.length).toBeGreaterThan(8);
  });

  test('name files that exist', () => {
    expect(named.filter(path => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test.each(chains.map(chain => ({ name: chain.join(' → '), chain })))('$name', ({ chain }) => {
    const broken = chain.slice(1).filter((path, index) => !imports(chain[index] ?? '', path));
    expect(broken).toEqual([]);
  });
});
