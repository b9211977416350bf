import { didYouMean } from '../../../errors/index.ts';

/** The options of a definition, every one of them: the compiler counts. */
export type Known<Definition> = { readonly [Option in keyof Required<Definition>]: true };

/** What is given and means nothing, a sentence each: a word that is passed over in silence is a promise that is not kept. */
export function unknownOptions(given: object, known: Readonly<Record<string, true>>): readonly string[] {
  return Object.keys(given)
    .filter(option => !Object.hasOwn(known, option))
    .map(option => `unknown option "${option.slice(0, 40)}".${didYouMean(option, Object.keys(known))}`);
}
