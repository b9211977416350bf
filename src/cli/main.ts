#!/usr/bin/env node
import { endProcess, processTerminal } from '../command/index.ts';
import { runCli } from './index.ts';

async function main(): Promise<void> {
  const terminal = processTerminal();
  // Nothing is left that could wake the command, and it has not answered: exit 0 without a word would say that all was done.
  const unanswered = (): void => {
    terminal.complain('The command ended before it was done: something in the app that it has loaded never answers.');
    process.exitCode = 1;
  };
  process.once('beforeExit', unanswered);
  const code = await runCli(process.argv.slice(2), terminal);
  process.off('beforeExit', unanswered);
  endProcess(code);
}

void main();
