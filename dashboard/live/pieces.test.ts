import { expect, test } from 'vitest';
import { newsOf, piecesOf } from './pieces.ts';

const page = (cells: readonly (string | number)[]): string =>
  `<h1>Overview</h1><table><tr>${cells.map(cell => `<td class="x">${cell}</td>`).join('')}</tr></table><p class="foot">Read.</p>`;

/** As the page puts them together. */
function put(shown: readonly string[], news: ReturnType<typeof newsOf>): string {
  let pieces = [...shown];
  for (const [, { name, data }] of news) {
    if (name === 'whole') pieces = [...(data as readonly string[])];
    if (name !== 'piece') continue;
    const { at, html } = data as { readonly at: number; readonly html: string };
    pieces[at] = html;
  }
  return pieces.join('');
}

test('a page that has been sent another one comes to the same by what has changed', () => {
  const before = piecesOf(page([1, 2, 3, 4, 5, 6]));
  const after = page([1, 2, '3 000', 4, 5, 7]);
  const news = newsOf(before, piecesOf(after));
  expect(news.map(([, { name }]) => name)).toEqual(['piece', 'piece', 'look']);
  expect(put(before, news)).toBe(after);
  expect(JSON.stringify(news)).not.toContain('Overview');
});

test.each([
  ['to a page that has nothing yet', undefined, [1, 2]],
  ['where there is a cell more', [1, 2], [1, 2, 3]],
  ['where almost all has changed', [1, 2, 3, 4, 5, 6, 7, 8], [2, 3, 4, 5, 6, 7, 8, 9]],
])('all is sent %s', (_where, shown, cells) => {
  const before = shown && piecesOf(page(shown));
  const news = newsOf(before, piecesOf(page(cells)));
  expect(news.map(([key]) => key)).toEqual(['whole', 'look']);
  expect(put(before ?? [], news)).toBe(page(cells));
});

test('a page that was not read while it changed twice is sent the newest of each piece', () => {
  const [first, second, third] = [
    [1, 2, 3, 4, 5],
    [1, 9, 3, 4, 5],
    [1, 8, 3, 4, 7],
  ].map(cells => piecesOf(page(cells)));
  const waiting = new Map([...newsOf(first, second ?? []), ...newsOf(second, third ?? [])]);
  expect(put(first ?? [], [...waiting])).toBe(third?.join(''));
  expect(waiting.size).toBe(3);
});
