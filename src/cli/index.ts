export { lettersOfBus, lettersOfProjections, openOtherLetters, type OpenedLetters } from './other-letters.ts';
export { endProcess, processTerminal } from './process-terminal.ts';
export { runCli } from './run-cli.ts';
