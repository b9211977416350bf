import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const SITE = fileURLToPath(new URL('.', import.meta.url));
export const ROOT = join(SITE, '..');
/** What VitePress reads: made anew each time, never edited. */
export const PAGES = join(SITE, 'pages');
export const BUILT = join(SITE, 'dist');

export interface Page {
  /** In the repository, such as `docs/guides/keys.md`. */
  readonly source: string;
  /** On the site, such as `guides/keys.md`. */
  readonly path: string;
  readonly title: string;
  readonly text: string;
}

const SOURCES = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/**/*.md', 'benchmarks/**/*.md'];

/** Every document of the project, read once, with its place on the site. */
export function readPages(): readonly Page[] {
  return globSync(SOURCES, { cwd: ROOT })
    .toSorted()
    .map(source => {
      const text = readFileSync(join(ROOT, source), 'utf8');
      return { source, path: pathOf(source), title: /^# (.+)$/m.exec(text)?.[1] ?? source, text };
    });
}

function pathOf(source: string): string {
  if (source === 'README.md') return 'index.md';
  const inDocs = source.replace(/^docs\//, '');
  if (inDocs.endsWith('/README.md')) return inDocs.replace(/README\.md$/, 'index.md');
  return inDocs === source ? source.toLowerCase() : inDocs;
}

/** A link of a page, resolved: to another page, to a picture that goes along, to the repository, or to nothing. */
export type Target =
  | { readonly kind: 'page'; readonly page: Page; readonly anchor: string }
  | { readonly kind: 'asset'; readonly source: string }
  | { readonly kind: 'repository'; readonly source: string; readonly isFolder: boolean; readonly anchor: string }
  | { readonly kind: 'broken' };

export function resolveLink(from: Page, link: string, pages: readonly Page[]): Target {
  const [path = '', anchor = ''] = link.split('#');
  const source = path === '' ? from.source : posix.normalize(posix.join(posix.dirname(from.source), path));
  const page =
    pages.find(each => each.source === source) ?? pages.find(each => each.source === posix.join(source, 'README.md'));
  if (page !== undefined) return { kind: 'page', page, anchor };
  const file = join(ROOT, source);
  if (relative(ROOT, file).startsWith('..') || !existsSync(file)) return { kind: 'broken' };
  if (/\.(?:png|svg|gif|webp)$/.test(source)) return { kind: 'asset', source };
  return { kind: 'repository', source, isFolder: statSync(file).isDirectory(), anchor };
}

/** The address of a page on the site, without the base: `/guides/keys`. */
export function addressOf(path: string): string {
  return `/${path.replace(/(?:^|(?<=\/))index\.md$/, '').replace(/\.md$/, '')}`;
}
