import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { packedPage } from './packed-page.ts';

/** Where the packages begin in the repository, and what goes into each. */
const LIBRARY = ['src', 'jobs', 'producers', 'workers'] as const;

/**
 * Fills packages/ from dist/: `shiftwork` with the platform and the catalogue, `@shiftwork/dashboard` with the dashboard, whose imports of the
 * platform become imports of the package, so that both share one copy of every class; `create-shiftwork` with its program, beside its template.
 */
export function assemblePackages(root: string): void {
  const library = fresh(root, 'shiftwork');
  for (const room of LIBRARY) copy(join(root, 'dist', room), join(library, 'dist', room));
  chmodSync(join(library, 'dist/src/cli/main.js'), 0o755);
  cpSync(join(root, 'LICENSE'), join(library, 'LICENSE'));
  const pages = globSync('docs/{*.md,guides/*.md,decisions/*.md}', { cwd: root }).map(withSlashes);
  const loaded = globSync('docs/monitoring/*', { cwd: root }).map(withSlashes);
  const packed = new Set([...pages, ...loaded, 'README.md', 'CHANGELOG.md', 'LICENSE']);
  for (const page of ['CHANGELOG.md', ...pages]) {
    mkdirSync(dirname(join(library, page)), { recursive: true });
    writeFileSync(join(library, page), packedPage(readFileSync(join(root, page), 'utf8'), page, packed));
  }

  // What is loaded into Prometheus and Grafana: no pages.
  copy(join(root, 'docs/monitoring'), join(library, 'docs/monitoring'));

  const dashboard = fresh(root, 'dashboard');
  copy(join(root, 'dist/dashboard'), join(dashboard, 'dist'));
  cpSync(join(root, 'LICENSE'), join(dashboard, 'LICENSE'));
  for (const file of globSync('dist/**/*.{js,d.ts}', { cwd: dashboard })) {
    const path = join(dashboard, file);
    writeFileSync(path, throughPackage(readFileSync(path, 'utf8')));
  }
  chmodSync(join(dashboard, 'dist/main.js'), 0o755);

  const create = fresh(root, 'create-shiftwork');
  copy(join(root, 'dist/packages/create-shiftwork'), join(create, 'dist'));
  cpSync(join(root, 'LICENSE'), join(create, 'LICENSE'));
  chmodSync(join(create, 'dist/main.js'), 0o755);
}

/** `'../../src/engine/index.js'` -> `'shiftwork/internal/engine'`. */
function throughPackage(text: string): string {
  return text.replace(/(['"])(?:\.\.\/)+src\/([\w/-]+)\/index\.(?:js|ts)\1/g, '$1shiftwork/internal/$2$1');
}

function fresh(root: string, name: string): string {
  const folder = join(root, 'packages', name);
  for (const made of ['dist', 'docs']) rmSync(join(folder, made), { recursive: true, force: true });
  mkdirSync(join(folder, 'dist'), { recursive: true });
  return folder;
}

function copy(from: string, to: string): void {
  // The entry points of the repository's own processes are no part of the library.
  cpSync(from, to, { recursive: true, filter: source => !source.endsWith('/dist/workers/main.js') });
}

function withSlashes(path: string): string {
  return path.split(sep).join('/');
}
