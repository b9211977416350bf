import { mkdtempSync, rmSync, statSync, chmodSync, existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { CommandsEnvironment, environmentText, namesAnEngine } from './commands-environment.ts';

test('what Node reads from the file is what was written, whatever stands in a value', () => {
  const made = {
    DATABASE_URL: 'postgres://shiftwork:a#b%20c@127.0.0.1:5432/shiftwork',
    MAIL_FROM: 'Shiftwork shop <shop@shiftwork.example>',
    QUOTED: `it's "so"`,
    BACKSLASH: String.raw`a\nb`,
    EMPTY: '',
  };
  expect(parseEnv(environmentText(made))).toEqual(made);
  expect(() => environmentText({ ODD: `'"\`` })).toThrow('Expected ODD to do without one of the three quotes');
});

test("the file is its owner's alone, also where one was left open to all, and goes when it is over", () => {
  const folder = mkdtempSync(join(tmpdir(), 'shiftwork-env-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'env');
  const environment = new CommandsEnvironment(folder);
  environment.write({ A: 'old' });
  chmodSync(file, 0o644);
  environment.write({ A: 'new' });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toBe("A='new'\n");
  // As one that was started beside it does, and found the data folder in use.
  new CommandsEnvironment(folder).remove();
  expect(existsSync(file)).toBe(true);
  environment.remove();
  environment.remove();
  expect(existsSync(file)).toBe(false);
});

test('who names an engine of their own is given nothing of this one: its secrets are not those of the other', () => {
  expect(namesAnEngine({ REDIS_URL: 'redis://elsewhere' })).toBe(true);
  expect(namesAnEngine({ DATABASE_URL: 'postgres://elsewhere' })).toBe(true);
  expect(namesAnEngine({ REDIS_URL: ' ', LOG_LEVEL: 'debug' })).toBe(false);
});
