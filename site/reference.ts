import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAGES, ROOT, SITE } from './pages.ts';

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** What a user imports: `shiftwork/events` is made from `src/events/index.ts`. */
export interface EntryPoint {
  readonly specifier: string;
  readonly source: string;
}

/** The entry points of the published libraries, from their own manifests. What is `internal` is nobody's. */
export function entryPoints(): readonly EntryPoint[] {
  return ['packages/shiftwork', 'packages/dashboard'].flatMap(folder => {
    const { name, exports } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
    return Object.entries(exports).flatMap(([path, target]) => {
      const types = typesOf(target);
      if (types === undefined || path.includes('internal')) return [];
      const built = types.replace(/^\.\/dist\//, '').replace(/\.d\.ts$/, '.ts');
      return [{ specifier: name + path.slice(1), source: name === 'shiftwork' ? built : `dashboard/${built}` }];
    });
  });
}

function typesOf(target: unknown): string | undefined {
  if (typeof target !== 'object' || target === null || !('types' in target)) return undefined;
  return typeof target.types === 'string' ? target.types : undefined;
}

/** A name that a user can import. */
export interface PublicName {
  readonly specifier: string;
  readonly name: string;
  /** Exported by another entry point too, whose page tells of it: the entry point's list links there. */
  readonly isShared: boolean;
}

/** Writes one page for each public name from its comments, and gives back the names that the types export. */
export function writeReference(): readonly PublicName[] {
  const points = entryPoints();
  const work = join(SITE, 'pages', '.work');
  mkdirSync(work, { recursive: true });
  const options = {
    entryPoints: points.map(({ source }) => join(ROOT, source)),
    tsconfig: join(ROOT, 'tsconfig.build.json'),
    plugin: ['typedoc-plugin-markdown', join(SITE, 'name-modules.mjs')],
    name: 'Reference',
    readme: 'none',
    disableSources: true,
    excludeInternal: true,
    excludePrivate: true,
    // The breadcrumbs say what to import from.
    hidePageHeader: true,
    entryFileName: 'index',
    validation: { notExported: false },
    outputs: [
      { name: 'markdown', path: join(PAGES, 'reference') },
      { name: 'json', path: join(work, 'names.json') },
    ],
  };
  writeFileSync(join(work, 'typedoc.json'), JSON.stringify(options));
  execFileSync(
    join(SITE, 'node_modules/.bin/typedoc'),
    ['--options', join(work, 'typedoc.json'), '--logLevel', 'Warn'],
    {
      cwd: SITE,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        SITE_MODULE_NAMES: JSON.stringify(
          Object.fromEntries(
            points.map(({ source, specifier }) => [source.replace(/(?:\/index)?\.ts$/, ''), specifier]),
          ),
        ),
      },
    },
  );
  return readNames(join(work, 'names.json'));
}

interface Reflection {
  readonly name: string;
  readonly variant: string;
  readonly children?: readonly Reflection[];
}

function readNames(path: string): readonly PublicName[] {
  const project = JSON.parse(readFileSync(path, 'utf8')) as Reflection;
  return (project.children ?? []).flatMap(({ name: specifier, children = [] }) =>
    children.map(({ name, variant }) => ({ specifier, name, isShared: variant === 'reference' })),
  );
}
