import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { stackOf, type Frame } from './stack.ts';

const frame = (functionName: string, scriptId: string): Frame => ({
  functionName,
  location: { scriptId, lineNumber: 9, columnNumber: 4 },
});

const urls = new Map([
  ['near', pathToFileURL(join(process.cwd(), 'jobs/report.ts')).href],
  ['far', 'file:///elsewhere/lib.js'],
  ['node', 'node:internal/crypto/pbkdf2'],
  ['text', 'data:text/javascript,const secret = 1'],
]);

test('says functions and positions, files below the working directory as a programmer writes them', () => {
  expect(stackOf([frame('sum', 'near'), frame('', 'far'), frame('pbkdf2Sync', 'node')], urls)).toEqual([
    'sum (jobs/report.ts:10:5)',
    '(anonymous) (/elsewhere/lib.js:10:5)',
    'pbkdf2Sync (node:internal/crypto/pbkdf2:10:5)',
  ]);
});

test('says no name that may be made of data, and no address that is a text', () => {
  expect(
    stackOf([frame('ada@example.com', 'near'), frame('Account.#close', 'text'), frame('x', 'gone')], urls),
  ).toEqual(['(anonymous) (jobs/report.ts:10:5)', 'Account.#close ((no file):10:5)', 'x ((no file):10:5)']);
});
