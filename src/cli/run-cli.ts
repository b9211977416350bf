import { InvalidConfigError, InvalidOptionsError, ShiftworkError } from '../errors/index.ts';
import type { Command, ExitCode, Terminal } from './command.ts';
import { check } from './commands/check.ts';
import { deadLetters } from './commands/dead-letters.ts';
import { enqueue } from './commands/enqueue.ts';
import { job } from './commands/job.ts';
import { migrate } from './commands/migrate.ts';
import { stats } from './commands/stats.ts';
import { users } from './commands/users.ts';
import { work } from './commands/work.ts';
import { UsageError } from './usage-error.ts';

const COMMANDS: readonly Command[] = [check, enqueue, job, stats, deadLetters, migrate, work, users];

/** Runs one command and answers the exit code. Never throws. */
export async function runCli([name, ...args]: readonly string[], terminal: Terminal): Promise<ExitCode> {
  if (name === undefined || name === '--help' || name === 'help') {
    for (const line of overview()) (name === undefined ? terminal.complain : terminal.print)(line);
    return name === undefined ? 2 : 0;
  }
  const command = COMMANDS.find(each => each.name === name);
  if (command === undefined) {
    terminal.complain(`Expected a command, got "${name}".`);
    for (const line of overview()) terminal.complain(line);
    return 2;
  }
  if (args.includes('--help')) {
    terminal.print(`${command.usage}\n\n${command.summary}`);
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
    return error instanceof InvalidConfigError || error instanceof InvalidOptionsError ? 2 : 1;
  }
}

function overview(): string[] {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    'shiftwork COMMAND [--app PATH] [--json] [--help]',
    '',
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
  ];
}

/** Something unforeseen: its kind and place help, its text may hold anything. */
function explain(error: unknown): string {
  return error instanceof Error
    ? `${error.name}: ${error.message.split('\n', 1)[0]}`
    : 'Something failed without saying what.';
}
