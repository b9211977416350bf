import { didYouMean } from '../errors/index.ts';

/** What is given to a function and means nothing, a sentence each: a word that is passed over in silence is a promise that is not kept. */
export function unknownOptions(what: string, given: object, known: Readonly<Record<string, true>>): string[] {
  return Object.keys(given)
    .filter(option => !Object.hasOwn(known, option))
    .map(option => `Expected no option "${option.slice(0, 40)}" of ${what}.${didYouMean(option, Object.keys(known))}`);
}
