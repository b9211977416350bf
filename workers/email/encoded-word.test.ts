import { expect, test } from 'vitest';
import { headerText } from './encoded-word.ts';

test.each(['Welcome, Ada', 'Zoë <b>', '100 % = all?', '=', '?=', 'a = ?', '日本語 😀'])(
  '%j is left to the library',
  text => {
    expect(headerText(text)).toBe(text);
  },
);

test.each([
  '=?utf-8?Q?a=0D=0ABcc:_b@x.example?=',
  'Welcome, =?utf-8?B?DQpCY2M6IGI=?=',
  'x=?iso-8859-1?q?y?=z',
  '=?utf-8?X?no encoding?=',
  '=?',
  `=? ${'ä'.repeat(90)}`,
  `=?${'😀'.repeat(60)}`,
  '=?utf-8*en?Q?a?=',
])('%j is encoded, in words of at most 75 characters that give it back', text => {
  const encoded = headerText(text);
  const words = encoded.split(' ');
  expect(words.every(word => word.length <= 75 && /^=\?UTF-8\?B\?[A-Za-z0-9+/]*=*\?=$/.test(word))).toBe(true);
  const decoded = words.map(word => Buffer.from(word.slice(10, -2), 'base64').toString('utf8'));
  expect(decoded.join('')).toBe(text);
});
