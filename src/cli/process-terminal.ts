import { text } from 'node:stream/consumers';
import type { ExitCode, Terminal } from './command.ts';

/** This process's own streams and variables. */
export function processTerminal(): Terminal {
  return {
    variables: process.env,
    print: line => void process.stdout.write(`${line}\n`),
    complain: line => void process.stderr.write(`${line}\n`),
    readInput: () => text(process.stdin),
  };
}

/** Ends the process with the code as soon as its output is written; what still holds the loop is not waited for. */
export function endProcess(code: ExitCode): void {
  process.exitCode = code;
  process.disconnect?.();
  setTimeout(() => process.exit(code), 500).unref();
}
