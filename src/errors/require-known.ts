import { didYouMean } from './did-you-mean.ts';
import { InvalidOptionsError } from './invalid-options-error.ts';
import { kindOf } from './kind-of.ts';

/**
 * Refuses what is no object, and an object with other members than these: what is misspelt would be ignored.
 * @param what names it in the message, such as `the options of a pause`
 * @throws InvalidOptionsError that shows no value
 */
export function requireKnown(what: string, given: unknown, known: ReadonlySet<string>): asserts given is object {
  if (typeof given !== 'object' || given === null) {
    throw new InvalidOptionsError(`Expected ${what} as { ${[...known].join(', ')} }, got ${kindOf(given)}.`);
  }
  const strange = Object.keys(given).find(name => !known.has(name));
  if (strange === undefined) return;
  throw new InvalidOptionsError(
    `Expected ${what} among ${[...known].join(', ')}, got "${strange.slice(0, 40)}".${didYouMean(strange, known)}`,
  );
}
