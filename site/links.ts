import { addressOf, resolveLink, type Page } from './pages.ts';

// A link or a picture of Markdown. The documents use no other form (no references, no bare HTML).
const LINK = /(!?\[(?:[^[\]]|\[[^\]]*\])*\]\()([^()\s]+)((?:\s+"[^"]*")?\))/g;

export interface LinkedPage {
  readonly text: string;
  /** Pictures that go along, from the repository's root. */
  readonly assets: readonly string[];
  readonly broken: readonly string[];
}

/** The page as the site needs it: links between documents lead to pages, links to source files lead to the repository. */
export function relink(page: Page, pages: readonly Page[], repository: string): LinkedPage {
  const assets: string[] = [];
  const broken: string[] = [];
  const rewrite = (link: string): string => {
    if (/^[a-z]+:/.test(link)) return link;
    const target = resolveLink(page, link, pages);
    if (target.kind === 'page') return addressOf(target.page.path) + (target.anchor === '' ? '' : `#${target.anchor}`);
    if (target.kind === 'asset') {
      assets.push(target.source);
      return `/${target.source}`;
    }
    if (target.kind === 'repository') {
      const anchor = target.anchor === '' ? '' : `#${target.anchor}`;
      return `${repository}/${target.isFolder ? 'tree' : 'blob'}/main/${target.source}${anchor}`;
    }
    broken.push(`${page.source}: ${link}`);
    return link;
  };
  const text = outsideCode(page.text, part =>
    part.replace(LINK, (_whole, before: string, link: string, after: string) => before + rewrite(link) + after),
  );
  return { text, assets, broken };
}

/** Applies `change` to what is in no code block. */
function outsideCode(text: string, change: (part: string) => string): string {
  return text
    .split(/(^ *```[\s\S]*?^ *```$)/m)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join('');
}
