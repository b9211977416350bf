import { addressOf, type Page } from './pages.ts';
import type { SidebarGroup } from './guide-list.ts';

/** `llms.txt` (llmstxt.org): what there is to read, a line each, with the address of its Markdown. */
export function llmsText(pages: readonly Page[], groups: readonly SidebarGroup[]): string {
  const home = pages.find(({ path }) => path === 'index.md');
  const summary = home?.text.split('\n\n').find(part => !part.startsWith('#') && !part.startsWith('<')) ?? '';
  const lines = groups.flatMap(({ text, items }) => [
    '',
    `## ${text}`,
    '',
    ...items.map(item => {
      const page = pages.find(({ path }) => addressOf(path) === item.link);
      return `- [${item.text}](${markdownOf(item.link)})${page === undefined ? '' : `: ${firstSentence(page.text)}`}`;
    }),
  ]);
  return ['# Shiftwork', '', `> ${summary.replaceAll('\n', ' ')}`, ...lines, ''].join('\n');
}

/** The first sentence of a page's first paragraph, without the targets of its links. */
function firstSentence(text: string): string {
  const paragraph = text.split(/\n{2,}/).find(part => /^(?:[A-Z[*]|`[^`])/.test(part));
  const plain = (paragraph ?? '').replace(/\[([^\]]+)\]\([^)]*\)/g, '$1').replaceAll('\n', ' ');
  return /^.*?[.:](?=\s|$)/.exec(plain)?.[0] ?? plain;
}

/** `/guides/keys` is `/guides/keys.md`, and `/guides/` is `/guides/index.md`. */
function markdownOf(link: string): string {
  return `${link.replace(/\/$/, '/index')}.md`;
}
