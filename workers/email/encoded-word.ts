/** RFC 2047: 75 characters at most for one, which leaves 45 bytes beside `=?UTF-8?B?` and `?=`. */
const MOST_BYTES = 45;

/**
 * A text for a header that no reader makes another text of. One that holds what looks like an encoded word is encoded itself: the library
 * leaves a sound one as it is, and readers would decode `=?utf-8?Q?a=0D=0ABcc:_b@x.example?=` into a line of its own. Any other text is
 * left to the library.
 */
export function headerText(text: string): string {
  if (!text.includes('=?')) return text;
  const words: string[] = [];
  let word = '';
  for (const character of text.toWellFormed()) {
    if (Buffer.byteLength(word + character) > MOST_BYTES) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  // A reader drops the spaces between encoded words.
  return [...words, word].map(each => `=?UTF-8?B?${Buffer.from(each).toString('base64')}?=`).join(' ');
}
