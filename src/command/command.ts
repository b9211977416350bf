import type { Variables } from '../config/index.ts';

/** What a command works with. */
export interface Terminal {
  readonly variables: Variables;
  /** A line on standard output. */
  print(line: string): void;
  /** A line on standard error. */
  complain(line: string): void;
  /** Standard input, whole. */
  readInput(): Promise<string>;
  /** One line of standard input; a person at a terminal is asked with `prompt` and does not see what they type. */
  readSecret(prompt: string): Promise<string>;
}

/** 0 done, 1 it failed, 2 wrong use. */
export type ExitCode = 0 | 1 | 2;

export interface Command {
  readonly usage: string;
  /** What `--help` says beside usage and summary, a line each. */
  readonly details?: readonly string[];
  /** Whether it looks at an app, and so takes --app; it does unless it says otherwise. */
  readonly takesApp?: boolean;
  run(args: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

/** A command by its name. Loaded when it is asked for: a worker that starts after a crash waits for nothing that only others need. */
export interface ListedCommand {
  /** Behind the name in the list. */
  readonly summary: string;
  load(): Promise<Command>;
}
