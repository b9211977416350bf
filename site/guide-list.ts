import { posix } from 'node:path';
import { addressOf, type Page } from './pages.ts';

export interface SidebarGroup {
  readonly text: string;
  readonly items: readonly { readonly text: string; readonly link: string }[];
}

/** The groups of docs/guides/README.md in their order: the list is written once. */
export function guideGroups(pages: readonly Page[]): readonly SidebarGroup[] {
  const list = pages.find(({ source }) => source === 'docs/guides/README.md');
  if (list === undefined) throw new Error('Expected docs/guides/README.md, found none.');
  return list.text
    .split(/^## /m)
    .slice(1)
    .map(part => ({
      text: part.slice(0, part.indexOf('\n')).trim(),
      items: [...part.matchAll(/^\| \[([^\]]+)\]\(([a-z-]+\.md)\)/gm)].map(([, text = '', file = '']) => ({
        text,
        link: addressOf(posix.join('guides', file)),
      })),
    }));
}

/** The pages of a folder, by their titles. */
export function folderGroup(text: string, folder: string, pages: readonly Page[]): SidebarGroup {
  return {
    text,
    items: pages
      .filter(({ path }) => posix.dirname(path) === folder && !path.endsWith('index.md'))
      .map(({ path, title }) => ({ text: title.replaceAll('`', ''), link: addressOf(path) })),
  };
}
