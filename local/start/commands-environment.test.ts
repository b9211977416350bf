import { mkdtempSync, rmSync, statSync, chmodSync, existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { CommandsEnvironment, environmentText } from './commands-environment.ts';

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
  environment.remove();
  environment.remove();
  expect(existsSync(file)).toBe(false);
});
