import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Output } from './output.ts';

export interface ChildOptions {
  readonly name: string;
  readonly file: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly watch: boolean;
  readonly output: Output;
}

const STOP_PATIENCE_MS = 3_500;

/** A program of the project, run beside the others. */
export class Child {
  readonly name: string;
  readonly ready: Promise<void>;
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #process: ChildProcess;

  constructor({ name, file, args = [], env, watch, output }: ChildOptions) {
    this.name = name;
    this.#process = fork(file, [...args], {
      env,
      execArgv: watch ? ['--watch', '--watch-preserve-output'] : [],
      // A group of its own: a terminal's Ctrl-C must reach the starter alone, which stops all in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    output.follow(name, [this.#process.stdout, this.#process.stderr]);
    this.exited = once(this.#process, 'exit').then(
      ([code, signal]: unknown[]) => (code ?? signal) as number | NodeJS.Signals,
    );
    // Under --watch a change starts it again, with a message each time; the first counts.
    this.ready = once(this.#process, 'message').then(() => undefined);
  }

  /** Asks it to end, and makes it when that takes longer than a person waits. */
  async stop(): Promise<void> {
    const hard = setTimeout(() => this.#signal('SIGKILL'), STOP_PATIENCE_MS);
    this.#signal('SIGTERM');
    await this.exited;
    clearTimeout(hard);
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      // Under --watch the program is a child of the watcher: the group has both.
      process.kill(-pid, signal);
    } catch {
      this.#process.kill(signal);
    }
  }
}
