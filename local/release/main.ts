import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PUBLISHED } from '../published.ts';
import { billOf, type Bill, type Locked } from './bill.ts';
import { checkLicences } from './licences.ts';
import { packAll } from './packed.ts';
import { checkVersions } from './versions.ts';

/**
 * `npm run release`: everything up to the publishing itself. Packs what would be published into .shiftwork/release/, lists and checks its contents, versions,
 * changelog and licences, writes a bill of materials for each package, and says what is in the way. It publishes nothing.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TARGET = join(ROOT, '.shiftwork/release');

const { version, faults: versionFaults } = checkVersions(ROOT);
say(`versions: ${version}`);

const { counts, faults: licenceFaults } = checkLicences(ROOT);
say(`licences: ${counts.map(([licence, packages]) => `${licence} ${packages}`).join(', ')}`);

mkdirSync(TARGET, { recursive: true });
const packages = packAll(ROOT, TARGET);
for (const { name, tarball, files } of packages) {
  say(`\n${name} ${version}: ${tarball}`);
  for (const [folder, count, bytes] of summary(files)) say(`  ${folder.padEnd(40)} ${count} files, ${bytes} KiB`);
}
const { packages: locked } = readJson<{ readonly packages: Readonly<Record<string, Locked>> }>('package-lock.json');
for (const folder of PUBLISHED) {
  const bill = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--workspace', folder], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const own = billOf(
    JSON.parse(bill) as Bill,
    readJson<{ readonly name: string }>(folder, 'package.json').name,
    locked,
  );
  writeFileSync(join(TARGET, `${folder.replace('packages/', '')}.sbom.json`), JSON.stringify(own, undefined, 2));
}
say(`\nbills of materials (CycloneDX): ${TARGET}`);

const changed = execFileSync('git', ['status', '--porcelain'], { cwd: ROOT, encoding: 'utf8' }).trim();
const faults = [
  ...versionFaults,
  ...licenceFaults,
  ...(changed === '' ? [] : [`the work tree has ${changed.split('\n').length} changes that are not committed`]),
];
for (const fault of faults) say(`in the way: ${fault}`);
if (faults.length > 0) process.exitCode = 1;
else {
  say('\nReady. This was a dry run; what publishes is:');
  for (const { tarball } of packages) say(`  npm publish ${tarball} --access public`);
  say(`  git tag v${version}`);
}

function readJson<Value>(...path: readonly string[]): Value {
  return JSON.parse(readFileSync(join(ROOT, ...path), 'utf8')) as Value;
}

/** Three folders deep, so that a folder that should not be there is seen. */
function summary(
  files: readonly { readonly path: string; readonly size: number }[],
): readonly (readonly [string, number, number])[] {
  const groups = Map.groupBy(files, ({ path }) => path.split('/').slice(0, -1).slice(0, 3).join('/') || '.');
  return [...groups]
    .map(
      ([folder, own]) => [folder, own.length, Math.ceil(own.reduce((sum, { size }) => sum + size, 0) / 1024)] as const,
    )
    .sort(([a], [b]) => a.localeCompare(b));
}

function say(line: string): void {
  console.log(line);
}
