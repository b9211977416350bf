import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { requireNode } from './require-node.ts';

test.each(['22.12.0', '22.18.1', '24.0.0', '25.1.0-nightly'])('Node %s will do', version => {
  expect(() => requireNode(version)).not.toThrow();
});

test.each(['20.20.2', '22.11.9', '21.7.3', '18.0.0'])(
  'Node %s is refused, and the one that is needed named',
  version => {
    expect(() => requireNode(version)).toThrow(`Expected Node 22.12 or newer, got ${version}`);
  },
);

test.each(['package.json', 'packages/shiftwork/package.json', 'packages/dashboard/package.json'])(
  '%s says the same',
  file => {
    const { engines }: { engines?: { node?: string } } = JSON.parse(
      readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'),
    );
    expect(engines?.node).toBe('>=22.12');
  },
);
