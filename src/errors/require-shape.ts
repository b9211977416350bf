import { InvalidOptionsError } from './invalid-options-error.ts';
import { kindOf } from './kind-of.ts';
import { requireKnown } from './require-known.ts';

/** The options of a function, every one of them: the compiler counts. */
export type KnownOptions<Options> = { readonly [Option in keyof Required<Options>]: true };

const KINDS = {
  'a function': (value: unknown) => typeof value === 'function',
  'a list': Array.isArray,
  'an object': (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'a text': (value: unknown) => typeof value === 'string',
} as const;

/**
 * For the options that a caller gives to a constructor or a function: an object, no option that is unknown, and each of `parts` of the kind that it is
 * worked with. What is misspelt would be passed over, and what is missing be found much later, by its name in the
 * middle of a stack.
 * @param what names them in the message, such as `the options of an Outbox`
 * @throws InvalidOptionsError that shows no value
 */
export function requireShape(
  what: string,
  options: unknown,
  known: Readonly<Record<string, true>>,
  parts: Readonly<Record<string, keyof typeof KINDS>> = {},
): asserts options is object {
  requireKnown(what, options, new Set(Object.keys(known)));
  for (const [part, kind] of Object.entries(parts)) {
    const value: unknown = Reflect.get(options, part);
    if (KINDS[kind](value)) continue;
    throw new InvalidOptionsError(`Expected ${part} of ${what} to be ${kind}, got ${kindOf(value)}.`);
  }
}
