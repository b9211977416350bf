import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { anchorOf } from '../anchors.ts';
import { folderGroup, guideGroups } from '../guide-list.ts';
import { PAGES, readPages } from '../pages.ts';

const pages = readPages();
const repository = process.env['SITE_REPOSITORY'] ?? '';
const base = process.env['DOCS_BASE'] ?? '/';
const style = readFileSync(new URL('style.css', import.meta.url), 'utf8');
const reference: unknown = JSON.parse(readFileSync(join(PAGES, '.work', 'sidebar.json'), 'utf8'));

export default {
  title: 'Shiftwork',
  description: 'Background jobs for TypeScript web apps, on BullMQ',
  lang: 'en',
  srcDir: 'pages',
  outDir: 'dist',
  base,
  cleanUrls: true,
  appearance: true,
  head: [
    ['link', { rel: 'icon', href: 'data:,' }],
    ['style', {}, style],
  ],
  // Links into the site are checked on what was built, anchors and pictures with them.
  ignoreDeadLinks: true,
  markdown: { anchor: { slugify: anchorOf }, toc: { slugify: anchorOf } },
  themeConfig: {
    search: {
      provider: 'local',
      options: {
        // Who looks for a word wants to read about it first. The function is sent to the browser as text: it must stand alone.
        miniSearch: { searchOptions: { boostDocument: (id: string) => (id.includes('/reference/') ? 0.2 : 1) } },
      },
    },
    editLink: { pattern: `${base}:path`, text: 'This page as Markdown' },
    nav: [
      { text: 'Guides', link: '/guides/' },
      { text: 'Reference', link: '/reference/' },
      { text: 'Guarantees', link: '/guarantees' },
      { text: 'Changelog', link: '/changelog' },
    ],
    sidebar: {
      '/reference/': reference,
      '/': [...guideGroups(pages), folderGroup('About', '.', pages), folderGroup('Decisions', 'decisions', pages)],
    },
    outline: [2, 3],
    ...(repository === '' ? {} : { socialLinks: [{ icon: 'github', link: repository }] }),
  },
};
