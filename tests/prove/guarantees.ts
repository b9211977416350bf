import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../architecture/source-texts.ts';
import { allCases } from '../faults/all-cases.ts';
import type { FaultCase } from '../faults/case.ts';

/** What a row of docs/guarantees.md says it is checked by: a file, and the tests or fault cases in it. */
export interface NamedCheck {
  readonly path: string;
  readonly names: readonly string[];
}

export interface Guarantee {
  /** Such as `G16`. */
  readonly number: string;
  readonly checks: readonly NamedCheck[];
}

/** The guarantees of the page, in its order, as it names their checks. */
export function readGuarantees(): readonly Guarantee[] {
  return readFileSync(join(ROOT, 'docs/guarantees.md'), 'utf8')
    .split('\n')
    .flatMap(row => {
      const number = /^\| (G\d+) /.exec(row)?.[1];
      return number === undefined || checksOf(row).length === 0 ? [] : [{ number, checks: checksOf(row) }];
    });
}

export function checksOf(row: string): readonly NamedCheck[] {
  return [...row.matchAll(/\]\(\.\.\/([^)]+)\)((?:,? "[^"]+")+)/g)].map(([, path = '', names = '']) => ({
    path,
    names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name),
  }));
}

/** The fault cases among what a guarantee names. */
export function casesOf({ checks }: Guarantee): readonly FaultCase[] {
  const named = checks.filter(({ path }) => path.startsWith('tests/faults/cases/')).flatMap(({ names }) => names);
  return allCases.filter(({ title }) => named.some(name => isTitle(title, name)));
}

/** Titles that are made in a loop are named as their file spells them: `the mail server ${title} for a while`. */
function isTitle(title: string, name: string): boolean {
  const [before = '', after] = name.split(/\$\{\w+\}/);
  return after === undefined ? title === name : title.startsWith(before) && title.endsWith(after);
}

/** The tests among what a guarantee names: they have no seed, and are run as they are. */
export function testsOf({ checks }: Guarantee): readonly NamedCheck[] {
  return checks.filter(({ path }) => /\.(?:test|contract-suite)\.ts$/.test(path));
}
