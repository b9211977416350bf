export { openProjections, type OpenedProjections } from './open-projections.ts';
export { lettersOfBus, lettersOfProjections, openOtherLetters, type OpenedLetters } from './other-letters.ts';
export { endProcess, processTerminal } from './process-terminal.ts';
export { runCli } from './run-cli.ts';
