import { UsageError } from '../command/index.ts';

/** The tags of `--tag NAME=VALUE`, by their names. What a value is may be somebody's: it is not said. @throws UsageError */
export function tagsIn(words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.map(word => {
      const at = word.indexOf('=');
      if (at < 1 || at === word.length - 1)
        throw new UsageError('Expected --tag as NAME=VALUE, such as user=u-1, got one without a name or a value.');
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}
