/** The base of every error that Shiftwork throws on purpose, and the one that every room throws. Each other class stands beside the room that throws it. */
export { answeredLate } from './answered-late.ts';
export { didYouMean } from './did-you-mean.ts';
export { InvalidOptionsError } from './invalid-options-error.ts';
export { kindOf, kindOfText, kindOfTime, shown } from './kind-of.ts';
export { MissingPackageError } from './missing-package-error.ts';
export { loadOptional, OPTIONAL_PACKAGES, requireOptional } from './optional-package.ts';
export { requireShape, type KnownOptions } from './require-shape.ts';
export { requireKnown } from './require-known.ts';
export { isShiftworkError, ShiftworkError } from './shiftwork-error.ts';
export { codeOf, hasCode, kindOfThrown, toError } from './thrown.ts';
