import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PUBLISHED } from '../published.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly homepage?: string;
  readonly repository?: { readonly url?: string };
  readonly engines?: { readonly node?: string };
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Versions {
  readonly version: string;
  readonly faults: readonly string[];
}

/** Whether all packages carry one version, name each other by it, and the changelog has a dated section for it. */
export function checkVersions(root: string): Versions {
  const manifests = PUBLISHED.map(
    folder => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest,
  );
  const [{ version } = { version: 'none' }] = manifests;
  const faults = [
    ...manifests
      .filter(manifest => manifest.version !== version)
      .map(({ name, version: other }) => `${name} is ${other}, not ${version} as the others`),
    ...manifests.flatMap(({ name, peerDependencies }) =>
      Object.entries(peerDependencies ?? {})
        .filter(([peer, range]) => manifests.some(own => own.name === peer) && range !== version)
        .map(([peer, range]) => `${name} wants ${peer} ${range}, not ${version}`),
    ),
    ...manifests.flatMap(({ name, license, homepage, repository, engines }) =>
      Object.entries({ license, homepage, 'repository.url': repository?.url, 'engines.node': engines?.node })
        .filter(([, value]) => value === undefined)
        .map(([field]) => `the manifest of ${name} lacks ${field}`),
    ),
    ...manifests
      .filter(({ homepage }) => homepage !== undefined && /\.example\b/.test(homepage))
      .map(({ name }) => `the web address of ${name} is a stand-in`),
    ...changelogFaults(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version),
  ];
  return { version, faults };
}

/** @param changelog its text; each version is a heading `## 1.2.3 (2026-11-29)` */
export function changelogFaults(changelog: string, version: string): readonly string[] {
  const heading = changelog.split('\n').find(line => line.startsWith(`## ${version} `) || line === `## ${version}`);
  if (heading === undefined) return [`CHANGELOG.md has no section "## ${version}"`];
  return /\(\d{4}-\d{2}-\d{2}\)$/.test(heading) ? [] : [`the section "${heading}" of CHANGELOG.md has no date`];
}
