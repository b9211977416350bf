import { describe, expect, test } from 'vitest';
import { anchorOf } from '../../site/anchors.ts';
import { guideGroups } from '../../site/guide-list.ts';
import { relink } from '../../site/links.ts';
import { llmsText } from '../../site/llms.ts';
import { addressOf, readPages, type Page } from '../../site/pages.ts';
import { entryPoints } from '../../site/reference.ts';

const pages = readPages();
const REPOSITORY = 'https://host.example/project';

function linked(source: string, text: string): ReturnType<typeof relink> {
  const page = pages.find(each => each.source === source);
  if (page === undefined) throw new Error(`no ${source}`);
  return relink({ ...page, text } satisfies Page, pages, REPOSITORY);
}

describe('the documents as a site', () => {
  test('a link between documents leads to the page, with its anchor, from wherever it stands', () => {
    expect(linked('README.md', '[keys](docs/guides/keys.md#a-b)').text).toBe('[keys](/guides/keys#a-b)');
    expect(linked('docs/guides/keys.md', '[`x` of keys](../glossary.md)').text).toBe('[`x` of keys](/glossary)');
    expect(linked('docs/glossary.md', '[list](guides/README.md)').text).toBe('[list](/guides/)');
  });

  test('a link to a source file leads to the repository, and one to another host stays', () => {
    expect(linked('docs/glossary.md', '[it](../src/index.ts)').text).toBe(`[it](${REPOSITORY}/blob/main/src/index.ts)`);
    expect(linked('docs/glossary.md', '[it](../src)').text).toBe(`[it](${REPOSITORY}/tree/main/src)`);
    expect(linked('docs/glossary.md', '[it](https://a.example/b.md)').text).toBe('[it](https://a.example/b.md)');
  });

  test('a picture goes along, a link to nothing is reported, a code block stays as it is', () => {
    expect(linked('README.md', '![x](docs/images/pages/overview-1400-light.webp)').assets).toEqual([
      'docs/images/pages/overview-1400-light.webp',
    ]);
    expect(linked('README.md', '[x](docs/nothing.md) [y](../../outside.md)').broken).toEqual([
      'README.md: docs/nothing.md',
      'README.md: ../../outside.md',
    ]);
    const block = '```md\n[x](docs/nothing.md)\n```';
    expect(linked('README.md', block)).toMatchObject({ text: block, broken: [] });
  });

  test('every link of every document leads somewhere', () => {
    expect(pages.flatMap(page => relink(page, pages, REPOSITORY).broken)).toEqual([]);
  });

  test('the sidebar is the list of guides, and llms.txt names each with its Markdown', () => {
    const groups = guideGroups(pages);
    const guides = pages.filter(({ path }) => path.startsWith('guides/') && !path.endsWith('index.md'));
    const links = groups.flatMap(({ items }) => items.map(({ link }) => link));
    expect(links.toSorted()).toEqual(guides.map(({ path }) => addressOf(path)).toSorted());
    const text = llmsText(pages, groups);
    expect(links.filter(link => !text.includes(`](${link}.md)`))).toEqual([]);
    const reference = { text: 'Reference', items: [{ text: 'shiftwork', link: '/reference/shiftwork/' }] };
    expect(llmsText(pages, [reference])).toContain('- [shiftwork](/reference/shiftwork/index.md)');
  });

  test('an anchor is what the usual hosts of repositories make of a heading', () => {
    expect(anchorOf('When a worker answers nothing')).toBe('when-a-worker-answers-nothing');
    expect(anchorOf('`at: Date`, or 2 %?')).toBe('at-date-or-2-');
  });

  test('the reference has the entry points that users import, and none that is internal', () => {
    const specifiers = entryPoints().map(({ specifier }) => specifier);
    expect(specifiers).toContain('shiftwork/testing/vitest');
    expect(specifiers).toContain('@shiftwork/dashboard');
    expect(specifiers.filter(name => name.includes('internal'))).toEqual([]);
  });
});
