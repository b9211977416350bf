import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { anchorOf } from './anchors.ts';
import { BUILT } from './pages.ts';
import type { PublicName } from './reference.ts';

/** What is wrong with the built site: links, anchors and pictures that lead nowhere, assets of other hosts. */
export function checkLinks(): readonly string[] {
  const files = globSync('**/*.html', { cwd: BUILT });
  const texts = new Map(files.map(file => [file, readFileSync(join(BUILT, file), 'utf8')]));
  const ids = new Map([...texts].map(([file, text]) => [file, new Set(all(text, /\sid="([^"]+)"/g))]));
  return [...texts].flatMap(([file, text]) => [
    ...all(text, /<a [^>]*?href="([^"]+)"/g).flatMap(link => checkLink(file, link, ids)),
    ...all(text, /<(?:img|script|link)\b[^>]*?(?:src|href)="([^"]+)"/g).flatMap(asset => checkAsset(file, asset)),
  ]);
}

function checkLink(file: string, link: string, ids: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  if (/^[a-z]+:/.test(link)) return [];
  const { pathname, hash } = new URL(link, `http://site/${file}`);
  const path = decodeURIComponent(pathname).slice(1);
  const target = [path, `${path}.html`, join(path, 'index.html')].find(candidate => ids.has(candidate));
  if (target === undefined) return existsSync(join(BUILT, path)) ? [] : [`${file}: ${link}: there is no such page`];
  const anchor = decodeURIComponent(hash.slice(1));
  if (anchor === '' || ids.get(target)?.has(anchor) === true) return [];
  return [`${file}: ${link}: the page has no such heading`];
}

function checkAsset(file: string, asset: string): readonly string[] {
  if (asset.startsWith('data:')) return [];
  const { host, pathname } = new URL(asset, `http://site/${file}`);
  if (host !== 'site') return [`${file}: ${asset}: comes from another host`];
  const path = join(BUILT, decodeURIComponent(pathname));
  return existsSync(path) || existsSync(`${path}.html`) ? [] : [`${file}: ${asset}: there is no such file`];
}

/** Pages that cannot be read as Markdown, and lines of llms.txt that lead nowhere. */
export function checkMarkdown(): readonly string[] {
  const pages = globSync('**/*.html', { cwd: BUILT }).filter(file => file !== '404.html');
  const named = all(readFileSync(join(BUILT, 'llms.txt'), 'utf8'), /^- \[[^\]]+\]\(([^)]+)\)/gm);
  return [
    ...pages
      .filter(file => !existsSync(join(BUILT, file.replace(/\.html$/, '.md'))))
      .map(file => `${file}: has no Markdown beside it`),
    ...named.filter(link => !existsSync(join(BUILT, link))).map(link => `llms.txt: ${link}: there is no such page`),
  ];
}

/** Public names without a page, and imports that the reference does not know. */
export function checkReference(names: readonly PublicName[], imported: ReadonlySet<string>): readonly string[] {
  const pages = new Set(
    globSync('reference/**/*.html', { cwd: BUILT }).map(file => {
      const [name = '', , ...folders] = file
        .replace(/\.html$/, '')
        .split('/')
        .toReversed();
      return `${folders.toReversed().slice(1).join('/')} ${name}`;
    }),
  );
  const known = new Set(names.map(({ specifier, name }) => `${specifier} ${name}`));
  return [
    ...names
      .filter(
        ({ specifier, name, isShared }) => !(isShared ? isListed(specifier, name) : pages.has(`${specifier} ${name}`)),
      )
      .map(({ specifier, name }) => `${specifier} ${name}: no page in the reference`),
    ...[...imported]
      .filter(name => !known.has(name))
      .map(name => `${name}: an import that the reference does not know`),
  ];
}

/** A name of two entry points has one page. The list of the other leads there. */
function isListed(specifier: string, name: string): boolean {
  const list = readFileSync(join(BUILT, 'reference', specifier, 'index.html'), 'utf8');
  return list.includes(` id="${anchorOf(name)}"`);
}

function all(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, value = '']) => value.replaceAll('&amp;', '&'));
}
