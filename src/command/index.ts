/** What every command of the command line is made of: its arguments, its terminal, its tables. Loads nothing of the platform. */
export type { Command, ExitCode, ListedCommand, Terminal } from './command.ts';
export { onStopAsked } from './on-stop-asked.ts';
export { operator } from './operator.ts';
export { allowOnly, parseCommand, type ParsedArguments } from './parse.ts';
export { endProcess, processTerminal } from './process-terminal.ts';
export { lengthOf, table, visible, when } from './table.ts';
export { UsageError, wrongWord } from './usage-error.ts';
export { versionIn } from './version.ts';
