import { InvalidConfigError, requireNode } from '../config/index.ts';
import { InvalidContractError } from '../contracts/index.ts';
import { didYouMean, InvalidOptionsError, isShiftworkError } from '../errors/index.ts';
import { type Command, type ExitCode, type ListedCommand, type Terminal, UsageError } from '../command/index.ts';
import { commands } from './commands.ts';
import { readVersion } from './version.ts';

const HELP: ReadonlySet<string> = new Set(['--help', '-h', 'help']);

/** Runs one command and answers the exit code. Never throws. */
export async function runCli([name, ...args]: readonly string[], terminal: Terminal): Promise<ExitCode> {
  if (name === undefined || HELP.has(name)) {
    for (const line of overview()) (name === undefined ? terminal.complain : terminal.print)(line);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    const version = readVersion();
    terminal.print(args.includes('--json') ? JSON.stringify({ version }) : version);
    return 0;
  }
  const listed = commands.get(name);
  if (listed === undefined) {
    terminal.complain(`Expected a command, got "${name.slice(0, 40)}".${didYouMean(name, commands.keys())}`);
    for (const line of overview()) terminal.complain(line);
    return 2;
  }
  let command: Command | undefined;
  try {
    command = await listed.load();
    if (args.includes('--help') || args.includes('-h')) {
      for (const line of helpOf(listed, command)) terminal.print(line);
      return 0;
    }
    requireNode();
    await sayChoice(name, args, command, terminal);
    return await command.run(args, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.complain(error.message);
      if (command !== undefined) terminal.complain(`usage: ${command.usage}`);
      return 2;
    }
    terminal.complain(isShiftworkError(error) ? error.message : explain(error));
    return isWrongUse(error) ? 2 : 1;
  }
}

/** Which of several definitions is loaded; the workers of a supervisor need not repeat it. */
async function sayChoice(
  name: string,
  args: readonly string[],
  { takesApp = true }: Command,
  terminal: Terminal,
): Promise<void> {
  const named = args.some(arg => arg === '--app' || arg.startsWith('--app='));
  if (!takesApp || named || name === 'check' || args.includes('--supervised')) return;
  const { findApp } = await import('../boot/index.ts');
  const { choice } = findApp(undefined);
  if (choice !== undefined) terminal.complain(choice);
}

function overview(): string[] {
  const width = Math.max(...[...commands.keys()].map(name => name.length));
  return [
    'usage: shiftwork COMMAND [OPTIONS]; shiftwork COMMAND --help names them',
    '',
    ...[...commands].map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'REDIS_URL (else DATABASE_URL) says where the queues are. Exit: 0 done, 1 it failed, 2 wrong use.',
  ];
}

function helpOf({ summary }: ListedCommand, { usage, details = [], takesApp = true }: Command): string[] {
  return [
    `usage: ${usage}`,
    '',
    summary,
    '',
    ...details.map(line => `  ${line}`),
    ...(takesApp
      ? [
          '  --app PATH  the app; when left out shiftwork.config.ts, .js or .mjs in this directory, or dist/shiftwork.config.js',
        ]
      : []),
  ];
}

function isWrongUse(error: unknown): boolean {
  return (
    error instanceof InvalidConfigError || error instanceof InvalidContractError || error instanceof InvalidOptionsError
  );
}

/** Something unforeseen. Its first line helps; of a parser's message, which quotes what it read, only the name is shown. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return 'Something failed without saying what.';
  if (error instanceof SyntaxError) return 'SyntaxError: what is stored cannot be read.';
  // A refused connection to a host with two addresses is an AggregateError that says nothing itself.
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const { name, message } = error.message === '' && inner instanceof Error ? inner : error;
  return `${name}: ${message.split('\n', 1)[0]}`;
}
