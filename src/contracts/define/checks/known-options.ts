import { didYouMean, shown } from '../../../errors/index.ts';

/** The options of a definition, every one of them: the compiler counts. */
export type Known<Definition> = { readonly [Option in keyof Required<Definition>]: true };

/** What is given and means nothing, a sentence each: a word that is passed over in silence is a promise that is not kept. */
export function unknownOptions(given: object, known: Readonly<Record<string, true>>): readonly string[] {
  return Object.keys(given)
    .filter(option => !Object.hasOwn(known, option))
    .map(option => `unknown option "${option.slice(0, 40)}".${didYouMean(option, Object.keys(known))}`);
}

/**
 * A part of a definition that is an object of options, or is left out. A number or a text in its place has no options that are unknown, and would be
 * passed over: `retry: 3` would be five attempts.
 * @throws what `refuse` throws
 */
export function requirePart(
  part: string,
  given: unknown,
  known: Readonly<Record<string, true>>,
  refuse: (problem: string) => unknown,
): void {
  if (given === undefined || given === null) return;
  if (typeof given !== 'object' || Array.isArray(given)) {
    refuse(`expected ${part} to be { ${Object.keys(known).join(', ')} }, got ${shown(given)}.`);
    return;
  }
  const [unknown] = unknownOptions(given, known);
  if (unknown !== undefined) refuse(part === '' ? unknown : `${part}: ${unknown}`);
}
