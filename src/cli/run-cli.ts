import { InvalidConfigError, InvalidContractError, InvalidOptionsError, ShiftworkError } from '../errors/index.ts';
import type { Command, ExitCode, Terminal } from './command.ts';
import { cancel } from './commands/cancel.ts';
import { check } from './commands/check.ts';
import { deadLetters } from './commands/dead-letters.ts';
import { enqueue } from './commands/enqueue.ts';
import { events } from './commands/events.ts';
import { job } from './commands/job.ts';
import { migrate } from './commands/migrate.ts';
import { outbox } from './commands/outbox.ts';
import { pause, resume } from './commands/pause.ts';
import { projections } from './commands/projections.ts';
import { relay } from './commands/relay.ts';
import { stats } from './commands/stats.ts';
import { users } from './commands/users.ts';
import { work } from './commands/work.ts';
import { UsageError } from './usage-error.ts';

const COMMANDS: readonly Command[] = [
  check,
  enqueue,
  job,
  cancel,
  stats,
  deadLetters,
  pause,
  resume,
  migrate,
  outbox,
  projections,
  events,
  work,
  relay,
  users,
];

const HELP: ReadonlySet<string> = new Set(['--help', '-h', 'help']);

/** Runs one command and answers the exit code. Never throws. */
export async function runCli([name, ...args]: readonly string[], terminal: Terminal): Promise<ExitCode> {
  if (name === undefined || HELP.has(name)) {
    for (const line of overview()) (name === undefined ? terminal.complain : terminal.print)(line);
    return name === undefined ? 2 : 0;
  }
  const command = COMMANDS.find(each => each.name === name);
  if (command === undefined) {
    terminal.complain(`Expected a command, got "${name.slice(0, 40)}".`);
    for (const line of overview()) terminal.complain(line);
    return 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    for (const line of helpOf(command)) terminal.print(line);
    return 0;
  }
  try {
    return await command.run(args, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.complain(error.message);
      terminal.complain(`usage: ${command.usage}`);
      return 2;
    }
    terminal.complain(error instanceof ShiftworkError ? error.message : explain(error));
    return isWrongUse(error) ? 2 : 1;
  }
}

function overview(): string[] {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    'usage: shiftwork COMMAND [--app PATH] [--json] [--help]',
    '',
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'REDIS_URL (else DATABASE_URL) says where the queues are. Exit: 0 done, 1 it failed, 2 wrong use.',
  ];
}

function helpOf({ usage, summary, details = [] }: Command): string[] {
  return [
    `usage: ${usage}`,
    '',
    summary,
    '',
    ...details.map(line => `  ${line}`),
    '  --app PATH  the app; shiftwork.config.ts, .js or .mjs in this directory when left out',
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
