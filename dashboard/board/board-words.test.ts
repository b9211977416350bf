import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BOARD_LANGUAGE, boardWords, OTHER_WORDS } from './board-words.ts';

const files = join(dirname(createRequire(import.meta.url).resolve('@bull-board/ui/package.json')), 'dist/static');

function at(words: object, place: string): unknown {
  return place
    .split('.')
    .reduce<unknown>(
      (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
      words,
    );
}

test('each word of ours stands where the installed board has one, and keeps what it fills in', () => {
  const theirs = JSON.parse(readFileSync(join(files, 'locales', BOARD_LANGUAGE, 'messages.json'), 'utf8')) as object;
  const words = boardWords(files);
  for (const [place, word] of Object.entries(OTHER_WORDS)) {
    const before = at(theirs, place);
    expect([place, typeof before]).toEqual([place, 'string']);
    expect(at(words, place)).toBe(word);
    expect([place, word.match(/\{\{\w+\}\}/g)]).toEqual([place, String(before).match(/\{\{\w+\}\}/g)]);
  }
});
