import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import type { ExitCode, Terminal } from './command.ts';

const INTERRUPTED = 130;

/** This process's own streams and variables. */
export function processTerminal(): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `shiftwork stats | head -1`: the reader has what it wanted and closed the pipe.
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`The output cannot be written: ${error.message}\n`);
    process.exit(1);
  });
  // Who does not listen to complaints is told by the exit code.
  process.stderr.on('error', () => undefined);
  return {
    variables: process.env,
    print: line => void process.stdout.write(`${line}\n`),
    complain: line => void process.stderr.write(`${line}\n`),
    readInput: () => text(process.stdin),
    readSecret: prompt =>
      process.stdin.isTTY ? readHidden(prompt) : text(process.stdin).then(input => input.split(/\r?\n/, 1)[0] ?? ''),
  };
}

/** Ends the process with the code as soon as its output is written; what still holds the loop is not waited for. */
export function endProcess(code: ExitCode): void {
  process.exitCode = code;
  process.disconnect?.();
  setTimeout(() => process.exit(code), 500).unref();
}

/** Readline edits the line as a person expects, and writes what is typed to nowhere. */
async function readHidden(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  return new Promise(resolve => {
    reader.once('SIGINT', () => {
      process.stderr.write('\n');
      process.exit(INTERRUPTED);
    });
    let line = '';
    reader.once('line', typed => {
      line = typed;
      reader.close();
    });
    reader.once('close', () => {
      process.stderr.write('\n');
      resolve(line);
    });
  });
}
