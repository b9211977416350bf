import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { billOf } from './bill.ts';
import { checkLicences } from './licences.ts';
import { changelogFaults, checkVersions } from './versions.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('everything that users install is under a licence that asks for nothing', () => {
  expect(checkLicences(ROOT).faults).toEqual([]);
});

test('all packages carry one version and name each other by it', () => {
  expect(checkVersions(ROOT).faults.filter(fault => /is \d|wants|lacks/.test(fault))).toEqual([]);
});

test('a package under another licence, or none, is named; one for development is not', () => {
  const root = mkdtempSync(join(tmpdir(), 'release-'));
  try {
    const packages = {
      '': {},
      'node_modules/fine': { license: 'MIT' },
      'node_modules/strict': { license: 'AGPL-3.0' },
      'node_modules/fine/node_modules/bare': {},
      'node_modules/tool': { license: 'AGPL-3.0', dev: true },
    };
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages }));
    expect(checkLicences(root).faults).toEqual(['strict has the licence AGPL-3.0', 'bare has the licence none']);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test.each([
  ['## 1.2.3 (2026-11-29)', []],
  ['## 1.2.3 (unreleased)', ['the section "## 1.2.3 (unreleased)" of CHANGELOG.md has no date']],
  ['## 1.2.30 (2026-11-29)', ['CHANGELOG.md has no section "## 1.2.3"']],
])('a changelog with %s', (heading, faults) => {
  expect(changelogFaults(`# Changelog\n\n${heading}\n\n- text\n`, '1.2.3')).toEqual(faults);
});

test("a package's bill of materials is its own, with all that comes along and nothing else, whatever the checkout is called", () => {
  const component = (name: string) => ({ 'bom-ref': `${name}@1.0.0` });
  const bill = {
    metadata: { component: { ...component('the-app'), name: 'my-checkout' } },
    components: ['jobs', '@x/core', 'http', 'sql', 'tool'].map(component),
    dependencies: [
      { ref: 'the-app@1.0.0', dependsOn: ['jobs@1.0.0', 'tool@1.0.0'] },
      { ref: 'tool@1.0.0', dependsOn: ['http@1.0.0'] },
      { ref: 'jobs@1.0.0', dependsOn: ['@x/core@1.0.0', 'sql@1.0.0'] },
      { ref: '@x/core@1.0.0', dependsOn: ['http@1.0.0', 'sql@1.0.0'] },
    ],
  };
  const optional = { version: '1.0.0', peerDependenciesMeta: { sql: { optional: true } } };
  const lock = {
    'node_modules/jobs': { link: true, resolved: 'packages/one' },
    'packages/one': optional,
    'node_modules/tool/node_modules/@x/core': optional,
  };
  expect(billOf(bill, 'jobs', lock)).toEqual({
    metadata: { component: component('jobs') },
    components: ['@x/core', 'http'].map(component),
    dependencies: [
      { ref: 'jobs@1.0.0', dependsOn: ['@x/core@1.0.0'] },
      { ref: '@x/core@1.0.0', dependsOn: ['http@1.0.0'] },
    ],
  });
  expect(() => billOf(bill, 'pages', lock)).toThrow('Expected pages');
});
