import { posix } from 'node:path';

const LINK = /\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s#]*)(#[^)\s]*)?\)/g;

/**
 * A page as it stands in the package. What it links to is there too; what only the repository has (code, tests, figures) is named by its path,
 * so that no link of the package leads nowhere.
 */
export function packedPage(text: string, page: string, packed: ReadonlySet<string>): string {
  return text.replace(LINK, (link: string, words: string, address: string) => {
    if (address === '' || /^[a-z]+:/i.test(address)) return link;
    const target = posix.join(posix.dirname(page), address);
    return packed.has(target) ? link : `${words} (\`${target}\` in the repository)`;
  });
}

/** The addresses of a page's links that lead to another file, as paths in the package. */
export function linkedFiles(text: string, page: string): readonly string[] {
  return [...text.matchAll(LINK)]
    .map(([, , address = '']) => address)
    .filter(address => address !== '' && !/^[a-z]+:/i.test(address))
    .map(address => posix.join(posix.dirname(page), address));
}
