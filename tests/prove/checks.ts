import { nameOf, type Row } from '../faults/journal.ts';
import { casesOf, testsOf, type Guarantee, type NamedCheck } from './guarantees.ts';

/** One thing that can be run for a guarantee: a fault case on one engine, with a seed, or the named tests of one file. */
export type Check =
  | { readonly kind: 'case'; readonly key: string; readonly row: Row }
  | { readonly kind: 'tests'; readonly key: string; readonly tests: NamedCheck };

/** Every check of these guarantees, each once however many of them name it. */
export function checksFor(guarantees: readonly Guarantee[]): readonly Check[] {
  const checks = guarantees.flatMap(checksOfOne);
  return [...new Map(checks.map(check => [check.key, check])).values()];
}

export function checksOfOne(guarantee: Guarantee): readonly Check[] {
  const cases = casesOf(guarantee).flatMap(fault =>
    fault.engines.map(kind => ({ kind: 'case' as const, key: nameOf({ fault, kind }), row: { fault, kind } })),
  );
  // Each name by itself: two guarantees share a file and not its tests.
  const tests = testsOf(guarantee).flatMap(({ path, names }) =>
    names.map(name => ({ kind: 'tests' as const, key: `${path} | ${name}`, tests: { path, names: [name] } })),
  );
  return [...cases, ...tests];
}
