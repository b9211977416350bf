import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultOf } from './fault-of.ts';
import { BEGINNINGS, TEXTS } from './sign.ts';

const MODULES = new URL('../../../node_modules/', import.meta.url).pathname;

/** The drivers' own code, in one text; a message that is written in two parts is joined. */
function sources(...folders: readonly string[]): string {
  return folders
    .flatMap(folder =>
      readdirSync(join(MODULES, folder), { recursive: true, encoding: 'utf8' })
        .filter(file => file.endsWith('.js') && !file.includes('node_modules'))
        .map(file => readFileSync(join(MODULES, folder, file), 'utf8')),
    )
    .join('\n')
    .replaceAll(/' \+\s+'/g, '');
}

test('every text that stands for a code is one that the installed drivers throw', () => {
  const code = sources('pg/lib', 'pg-pool', 'ioredis/built', 'amqplib/lib');
  expect([...Object.keys(TEXTS), ...Object.keys(BEGINNINGS)].filter(text => !code.includes(text))).toEqual([]);
});

test.each([...Object.keys(TEXTS), ...Object.keys(BEGINNINGS).map(text => `${text} 5000ms.`)])(
  'a driver that says "%s" is away',
  text => {
    expect(faultOf(new Error(text))).toBe('away');
  },
);
