import { globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allCases, caseFiles, commonest } from './all-cases.ts';

test('no two files of fault cases share a number: `--case N` and a promise that names case N mean one thing', () => {
  const numbers = caseFiles.flatMap(file => [...new Set(file.map(({ number }) => number))]);
  expect(numbers.filter((number, index) => numbers.indexOf(number) !== index)).toEqual([]);
});

test('two forms of one case have titles of their own: their rows would replace each other', () => {
  const names = allCases.map(({ number, title }) => `${number} ${title}`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('each case has a short form: none is run by hand alone', () => {
  const short = new Set(
    allCases.filter(({ engines, smokeOn = engines }) => smokeOn.length > 0).map(({ number }) => number),
  );
  expect(allCases.map(({ number }) => number).filter(number => !short.has(number))).toEqual([]);
  for (const { engines, smokeOn = [] } of allCases) expect(engines).toEqual(expect.arrayContaining([...smokeOn]));
});

test('`npm test` has a killed worker, a host that is told to stop, and a killed engine, on both engines', () => {
  expect(commonest.map(({ number }) => number)).toEqual([1, 6, 12]);
  expect([...new Set(commonest.flatMap(({ engines, smokeOn = engines }) => smokeOn))].toSorted()).toEqual([
    'postgres',
    'redis',
  ]);
});

test('each file of fault cases has its short form', () => {
  const files = globSync('*.ts', { cwd: new URL('cases', import.meta.url) });
  const tests = files.filter(file => file.endsWith('.int.test.ts'));
  expect(tests.map(file => file.replace('.int.test', '')).toSorted()).toEqual(
    files.filter(file => !tests.includes(file)).toSorted(),
  );
  expect(tests).toHaveLength(caseFiles.length);
});
