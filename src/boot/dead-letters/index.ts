/** The dead letters of an app that are no jobs. */
export { openOtherLetters, type OpenedLetters } from './other-letters.ts';
